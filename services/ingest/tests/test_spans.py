from hypothesis import given
from hypothesis import strategies as st
from recital_ingest.model.spans import Spans, apart, gaps, intersection, normal, shrunk, together, union

LENGTH = 60
ANY = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)), max_size=8)


def moments(spans: Spans) -> set[int]:
    return {moment for start, stop in spans for moment in range(start, stop)}


@given(ANY)
def test_the_normal_form_has_the_same_moments_ascending_and_apart(spans: list[tuple[int, int]]) -> None:
    made = normal(spans)
    assert moments(made) == {moment for start, stop in spans for moment in range(start, stop)}
    edges = [edge for span in made for edge in span]
    assert edges == sorted(set(edges))


@given(ANY, ANY)
def test_union_intersection_and_gaps_are_those_of_sets(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    one, other = normal(left), normal(right)
    assert moments(union([one, other])) == moments(one) | moments(other)
    assert moments(intersection(one, other)) == moments(one) & moments(other)
    assert moments(gaps(one, 5, 50)) == set(range(5, 50)) - moments(one)


def test_silence_grows_on_both_sides_but_not_at_the_calls_own_start_and_end() -> None:
    assert shrunk(((0, 20), (30, 33), (40, 60)), 2, start=0, stop=60) == ((0, 18), (42, 60))


@given(st.dictionaries(st.sampled_from("abc"), ANY.map(normal)))
def test_purposes_listed_together_and_apart_again_are_the_same(spans: dict[str, Spans]) -> None:
    kept = {purpose: mine for purpose, mine in spans.items() if mine}
    assert together(apart(spans)) == kept


def test_a_purpose_named_twice_keeps_the_union() -> None:
    assert together([(["a", "b"], [[0, 10]]), (["a"], [[10, 20]])]) == {"a": ((0, 20),), "b": ((0, 10),)}
