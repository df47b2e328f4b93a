"""PostgreSQL: transactions bound to one tenant, outbox, inbox, ledgers, alarms, ids and Recital's time."""

from recital_database.alarms import Alarm, acknowledge, alarm, alarms, open_alarm_counts
from recital_database.clock import Clock
from recital_database.connection import NO_TENANT, Database, DatabaseSettings, Transaction, traceparent
from recital_database.control import advance_control_position, control_position
from recital_database.dead_letters import DeadLetter, dead_letter, dead_letters, drop_letter, replay_letter
from recital_database.freezes import Freeze, Going, frozen_for, open_freeze, release_all, release_tenant, who_goes_on
from recital_database.gathering import Gathered
from recital_database.idempotency import claim, remember
from recital_database.ids import new_id, new_ids
from recital_database.inbox import Handler, Handlers, NotYet, Together
from recital_database.journal import Json, Receipt, Recorded, Sequenced, Writing, record, record_all
from recital_database.outbox import Outgoing, announce, announce_all
from recital_database.provisioning import Passwords, create_service_database, ensure_role

__all__ = [
    "NO_TENANT",
    "Alarm",
    "Clock",
    "Database",
    "DatabaseSettings",
    "DeadLetter",
    "Freeze",
    "Gathered",
    "Going",
    "Handler",
    "Handlers",
    "Json",
    "NotYet",
    "Outgoing",
    "Passwords",
    "Receipt",
    "Recorded",
    "Sequenced",
    "Together",
    "Transaction",
    "Writing",
    "acknowledge",
    "advance_control_position",
    "alarm",
    "alarms",
    "announce",
    "announce_all",
    "claim",
    "control_position",
    "create_service_database",
    "dead_letter",
    "dead_letters",
    "drop_letter",
    "ensure_role",
    "frozen_for",
    "new_id",
    "new_ids",
    "open_alarm_counts",
    "open_freeze",
    "record",
    "record_all",
    "release_all",
    "release_tenant",
    "remember",
    "replay_letter",
    "traceparent",
    "who_goes_on",
]
