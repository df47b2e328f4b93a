"""Builds the service by hand: the only file that knows all others."""

from prometheus_client import Gauge
from recital_runtime import App, Runtime

from recital_dsar.actions.carrying import Carrier, MailCarrier, MailSettings, TextCarrier
from recital_dsar.actions.entries import LEDGER
from recital_dsar.actions.means import Limits, Means
from recital_dsar.api import routes
from recital_dsar.consumers import handlers
from recital_dsar.decisions.letters import Channel
from recital_dsar.schedule import LETTERS, PACKAGES, STEPS, WATCH, loops
from recital_dsar.settings import Settings

SERVICE = "dsar"


def wire(settings: Settings) -> App:
    """Return the application; nothing is opened before it starts."""
    runtime = Runtime(SERVICE, settings)
    standings = Gauge(
        "recital_requests_open",
        "Open requests without an answer by how their last day stands: in_time, near (a week), past",
        ["standing"],
        registry=runtime.metrics.registry,
    )
    means = Means(runtime, limits_of(settings), carriers_of(settings), standings=standings)
    for name in (STEPS, PACKAGES, LETTERS, WATCH):
        runtime.database.when("steps", lambda name=name: runtime.wake(name))  # type: ignore[misc]
    return runtime.app(
        title="Recital dsar: a person asks, and is answered in time",
        routers=[routes(means)],
        handlers=handlers(means),
        loops=loops(means),
        ledgers=[LEDGER],
        on_start=[runtime.restore_gate()],
    )


def limits_of(settings: Settings) -> Limits:
    """Return the part of the settings that actions are given."""
    return Limits(
        session=settings.session_lifetime,
        package=settings.package_retention,
        internal_target_days=settings.internal_target_days,
        portal_requests_per_hour=settings.portal_requests_per_hour,
        largest_part=settings.largest_part,
        portal_url=settings.portal_url or settings.dsar_url,
    )


def carriers_of(settings: Settings) -> dict[Channel, Carrier]:
    """Return what carries letters, as far as it is set up."""
    carriers: dict[Channel, Carrier] = {}
    if settings.smtp_host is not None:
        carriers[Channel.EMAIL] = MailCarrier(
            MailSettings(
                host=settings.smtp_host,
                port=settings.smtp_port,
                security=settings.smtp_security,
                sender=settings.mail_from,
                user=settings.smtp_user,
                password_file=settings.smtp_password_file,
                authorities_file=settings.smtp_authorities_file,
            )
        )
    if settings.text_gateway_url is not None:
        carriers[Channel.TEXT] = TextCarrier(
            settings.text_gateway_url,
            sender=settings.text_from,
            token_file=settings.text_token_file,
        )
    return carriers
