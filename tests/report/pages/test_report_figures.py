from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from gonogo.report.pages.figures import figures, render
from gonogo.report.pages.svg import inline_svg
from gonogo.report.plots.style import short


def plot(verdict, name):
    return next(one for one in figures(verdict) if one.name == name)


def test_what_has_nothing_to_show_is_no_figure(variant):
    assert list(figures(variant("incomplete"))) == []
    assert [one.name for one in figures(variant("unknown"))] == []
    assert not any(one.name == "seeds" for one in figures(variant("one_seed")))


def test_all_families_are_there(verdict):
    assert {one.family for one in figures(verdict)} == {
        "forest",
        "seeds",
        "scores",
        "conflict",
        "loss",
        "looks",
    }


def test_alternative_texts_hold_the_numbers(verdict):
    alt = plot(verdict, "forest_embed").alt
    assert "scifact +4.97 %, interval +2.87 % to +7.07 %" in alt


@pytest.mark.parametrize("name", ["forest_embed", "scores_embed"])
def test_equal_verdicts_give_equal_bytes(verdict, name):
    first = render(plot(verdict, name))
    assert first == render(plot(verdict, name))
    assert first["png"].startswith(b"\x89PNG")
    assert first["pdf"].startswith(b"%PDF")


def test_a_loss_curve_says_so_where_the_terms_of_some_arm_are_left_out(verdict):
    from matplotlib.figure import Figure

    first, *rest = verdict.evidence.curves
    apart = first.model_copy(update={"terms_left_out": True})
    evidence = verdict.evidence.model_copy(update={"curves": (apart, *rest)})
    shown = plot(verdict.model_copy(update={"evidence": evidence}), "loss_embed")
    figure, words = Figure(), "loss without regularisers"
    shown.draw(figure)
    assert figure.axes[0].get_ylabel() == words
    assert words in shown.title
    assert words in shown.alt
    assert "regularisers" not in plot(verdict, "loss_embed").title


def test_a_panel_for_each_figure_of_the_looks_and_a_line_for_each_trial_that_has_it(verdict):
    from matplotlib.figure import Figure

    shown, figure = plot(verdict, "looks"), Figure()
    shown.draw(figure)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    lines = {
        name: [line for line in axes.lines if len(line.get_xdata())]
        for name, axes in panels.items()
    }
    assert {name: len(drawn) for name, drawn in lines.items()} == {"R@500": 6, "margin": 3}
    assert lines["R@500"][0].get_ydata().tolist() == [0.7, 0.74, 0.75]
    assert "R@500, margin" in shown.alt
    assert "emb_only, joint_single" in shown.alt


def test_drawing_leaves_matplotlib_as_it_was(verdict):
    import matplotlib
    from matplotlib._pylab_helpers import Gcf

    before = dict(matplotlib.rcParams)
    render(plot(verdict, "seeds"), ("svg",))
    assert dict(matplotlib.rcParams) == before
    assert not Gcf.figs  # pyplot holds no figure


def test_names_from_data_are_words_in_a_figure_and_never_markup(variant):
    svg = render(plot(variant("nasty"), "forest_embed"), ("svg",))["svg"]
    root = ElementTree.fromstring(svg)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(word and "<script>" in word for word in words)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_an_inline_figure_asks_for_nothing_and_keeps_its_ids_apart(verdict):
    raw = render(plot(verdict, "scores_embed"), ("svg",))["svg"]
    one, two = inline_svg(raw, "one"), inline_svg(raw, "two")
    assert "http" not in one
    assert "<style" not in one
    ids = set(re.findall(r'id="([^"]+)"', one))
    assert ids
    assert not ids & set(re.findall(r'id="([^"]+)"', two))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', one)) <= ids
    assert "var(--arm-0)" in one


def test_inks_in_words_are_left_alone():
    svg = b'<svg viewBox="0 0 1 1"><text style="fill: #1b1f24">#1b1f24 id="a"</text></svg>'
    inline = inline_svg(svg, "n")
    assert inline.endswith('<text style="fill: var(--ink)">#1b1f24 id="a"</text></svg>')


def test_an_undefined_cell_of_the_heatmap_is_grey(verdict):
    from matplotlib.figure import Figure

    heat = next(one for one in figures(verdict) if one.family == "conflict")
    figure = Figure()
    heat.draw(figure)
    image = figure.axes[1].images[0]
    assert image.get_clim() == (-1, 1)
    red, green, blue, _ = image.to_rgba(image.get_array())[0, 0]
    assert abs(red - blue) < 0.12
    assert bool(image.get_array().mask[0, 0])
    assert not image.get_array().mask[:, 1:].any()
    assert green < 0.8


def test_far_intervals_do_not_squeeze_the_lines(verdict):
    effect = verdict.effects[0]
    wild = effect.datasets[0].ratio.model_copy(
        update={"interval": effect.ratio.interval.model_copy(update={"low": -30.0, "high": 40.0})}
    )
    rows = (effect.datasets[0].model_copy(update={"ratio": wild}), *effect.datasets[1:])
    changed = verdict.model_copy(
        update={"effects": (effect.model_copy(update={"datasets": rows}),)}
    )
    from matplotlib.figure import Figure

    figure = Figure()
    plot(changed, "forest_embed").draw(figure)
    low, high = figure.axes[0].get_xlim()
    assert high - low < 1.0


def test_long_names_keep_both_ends():
    assert short("python-api/transformers-and-more", 15) == "python-…nd-more"
    assert len(short("x" * 100, 20)) == 20
