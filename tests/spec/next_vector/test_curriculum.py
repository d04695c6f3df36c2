import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gonogo.core.errors import UserError
from gonogo.spec.base import Spec
from gonogo.spec.next_vector.curriculum import (
    CosineWindow,
    Curriculum,
    CurriculumText,
    Segment,
    parse_curriculum,
)

TEXT = "0-5:none;6-10:8@0.82-0.92;11-30:16@0.84-0.96"


class Holder(Spec):
    curriculum: CurriculumText = TEXT


def test_by_hand():
    read = parse_curriculum(TEXT)
    assert read.segments == (
        Segment(0, 5, 0, None),
        Segment(6, 10, 8, CosineWindow(0.82, 0.92)),
        Segment(11, 30, 16, CosineWindow(0.84, 0.96)),
    )
    assert str(read) == TEXT
    assert read.epochs == 30


@pytest.mark.parametrize(
    ("epoch", "count"), [(1, 0), (5, 0), (6, 8), (10, 8), (11, 16), (30, 16)]
)  # fmt: skip
def test_both_ends_of_a_segment_belong_to_it(epoch, count):
    assert parse_curriculum(TEXT).at(epoch).count == count


@pytest.mark.parametrize("epoch", [-1, 0, 31])
def test_an_epoch_outside_is_told(epoch):
    with pytest.raises(UserError, match=rf"segment 3.*covers epochs 1 to 30, not {epoch}"):
        parse_curriculum(TEXT).at(epoch)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "segment 1, ''", "an empty segment"),
        ("0-5:none;", "segment 2, ''", "an empty segment"),
        ("0-5:none;;6-7:none", "segment 2, ''", "an empty segment"),
        ("2-5:none", "segment 1, '2-5:none'", "starts at epoch 2, not at 0 or 1"),
        ("0-0:none", "segment 1, '0-0:none'", "covers no epoch"),
        ("0-5:none;7-9:none", "segment 2, '7-9:none'", "leaves out epoch 6"),
        ("0-5:none;9-9:none", "segment 2, '9-9:none'", "leaves out epochs 6 to 8"),
        ("0-5:none;5-9:none", "segment 2, '5-9:none'", "overlaps .* which ends at epoch 5"),
        ("0-5:none;0-9:none", "segment 2, '0-9:none'", "overlaps .* which ends at epoch 5"),
        ("0-5:none;9-6:none", "segment 2, '9-6:none'", "epoch 9 comes after epoch 6"),
        ("0-5:8@", "segment 1, '0-5:8@'", "an empty window"),
        ("0-5:8", "segment 1, '0-5:8'", "has no window"),
        ("0-5:@0.1-0.2", "segment 1, '0-5:@0.1-0.2'", "no number of negatives"),
        ("0-5:", "segment 1, '0-5:'", "no number of negatives"),
        ("0-5:0@0.1-0.2", "segment 1", "0 negatives"),
        ("0-5:-3@0.1-0.2", "segment 1", "not count@low-high"),
        ("0-5:2.5@0.1-0.2", "segment 1", "not count@low-high"),
        ("0-5:8@0.9-0.8", "segment 1", "no cosine lies between 0.9 and 0.8"),
        ("0-5:8@0.9-0.9", "segment 1", "no cosine lies between 0.9 and 0.9"),
        ("0-5:8@0.9-1.1", "segment 1", "no cosine lies between 0.9 and 1.1"),
        ("0-5:8@-1.1-0.9", "segment 1", "no cosine lies between -1.1 and 0.9"),
        ("0-5:8@nan-0.9", "segment 1", "not count@low-high"),
        ("0-5:8@0.1-inf", "segment 1", "not count@low-high"),
        ("0-5:8@0.1", "segment 1", "not count@low-high"),
        ("0-5:8@0.1-0.2 x", "segment 1", "not count@low-high"),
        ("0:none", "segment 1, '0:none'", "not a segment"),
        ("-1-5:none", "segment 1, '-1-5:none'", "not a segment"),
        ("0-5:NONE", "segment 1", "has no window"),
        ("0-x:none", "segment 1", "not a segment"),
        ("٠-5:none", "segment 1", "not a segment"),
    ],
)
def test_errors_point_at_the_segment(text, place, reason):
    with pytest.raises(UserError, match=reason) as caught:
        parse_curriculum(text)
    assert caught.value.place.startswith(place)


def test_a_study_file_gets_one_spelling_and_a_plain_error():
    spaced = " 0 - 5 : none ; 6-10 : 8 @ .82 - 0.920 ;11-30:16@0.84-0.96 "
    assert Holder(curriculum=spaced).curriculum == TEXT
    with pytest.raises(ValidationError, match="segment 2, '7-9:none': leaves out epoch 6"):
        Holder(curriculum="0-5:none;7-9:none")


def test_a_curriculum_from_epoch_1_means_what_one_from_0_means():
    zero, one = parse_curriculum(TEXT), parse_curriculum(TEXT.replace("0-5", "1-5"))
    assert [zero.at(epoch).count for epoch in range(1, 31)] == [
        one.at(epoch).count for epoch in range(1, 31)
    ]


def test_whether_a_filter_can_fire_at_all():
    read = parse_curriculum(TEXT)
    assert not read.reaches_above(0.98)
    assert not read.reaches_above(0.96)  # the filter drops what is above, the window ends there
    assert read.reaches_above(0.95)
    assert not parse_curriculum("0-5:none").reaches_above(-1.0)


@st.composite
def curricula(draw):
    segments, first = [], 1
    cosine = st.floats(-1, 1, allow_subnormal=True)
    for length in draw(st.lists(st.integers(1, 20), min_size=1, max_size=5)):
        low, high = sorted(draw(st.tuples(cosine, cosine).filter(lambda pair: pair[0] != pair[1])))
        count = draw(st.integers(0, 99))
        window = CosineWindow(low, high) if count else None
        segments.append(Segment(first, first + length - 1, count, window))
        first += length
    return Curriculum(tuple(segments))


@given(curricula())
def test_text_reads_back_to_itself(curriculum):
    text = str(curriculum)
    assert parse_curriculum(text) == curriculum
    assert str(parse_curriculum(text)) == text
    assert [curriculum.at(epoch) for epoch in range(1, curriculum.epochs + 1)] == [
        segment for segment in curriculum.segments for _ in range(segment.last - segment.first + 1)
    ]


def test_quantiles_are_ranks_of_a_bank():
    window = CosineWindow(0.99, 0.9995)
    assert window.ranks(95_245) == (47, 953)
    assert window.ranks(1000) == (0, 10)
    assert CosineWindow(-1, 1).ranks(50) == (0, 100)
    assert CosineWindow(0.5, 0.5).ranks(50) == (25, 25)
