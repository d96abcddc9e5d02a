"""Plots as SVG, by hand: bars of one case, lines over the number of cameras."""

import math
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 40, 50
COLOURS = {"viahe": "#0b7285", "before": "#74a9b3", "p1": "#e8590c", "p5": "#f2a268", "floor": "#868e96"}


def bars(title, unit, values):
    """One bar a side, with its value; {side: value}."""
    top = nice(max(values.values()))
    step = (WIDTH - LEFT - RIGHT) / len(values)
    parts = []
    for i, (side, value) in enumerate(values.items()):
        x, y = LEFT + (i + 0.2) * step, y_of(value, top)
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{0.6 * step:.1f}" height="{HEIGHT - BOTTOM - y:.1f}" fill="{COLOURS[side]}"/>')
        parts.append(text(x + 0.3 * step, y - 6, short(value), "middle"))
        parts.append(text(x + 0.3 * step, HEIGHT - BOTTOM + 18, side, "middle"))
    return page(title, unit, top, parts)


def lines(title, unit, series):
    """One line a side over the number of cameras, in powers of two; {side: [(cameras, value)]}."""
    points = [point for line in series.values() for point in line]
    top, most = nice(max(value for _, value in points)), max(2, max(cameras for cameras, _ in points))

    def x_of(cameras):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log2(cameras) / math.log2(most)

    parts = []
    for cameras in sorted({cameras for cameras, _ in points}):
        parts.append(text(x_of(cameras), HEIGHT - BOTTOM + 18, str(cameras), "middle"))
    for side, line in series.items():
        path = " ".join(f"{x_of(cameras):.1f},{y_of(value, top):.1f}" for cameras, value in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[side]}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{x_of(cameras):.1f}" cy="{y_of(value, top):.1f}" r="3.5" fill="{COLOURS[side]}"/>'
            for cameras, value in line
        ]
        cameras, value = line[-1]
        parts.append(text(x_of(cameras) + 8, y_of(value, top) + 4, f"{side} {short(value)}", "start"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "cameras", "middle"))
    return page(title, unit, top, parts)


def nice(value):
    """The next 1, 2 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)


def y_of(value, top):
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def text(x, y, words, anchor):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def page(title, unit, top, parts):
    """The frame around it: background, title, grid and scale."""
    grid = []
    for i in range(5):
        value = top * i / 4
        y = y_of(value, top)
        grid.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dee2e6"/>')
        grid.append(text(LEFT - 8, y + 4, short(value), "end"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>\n'
        f'<text x="{LEFT}" y="34" fill="#495057">{escape(unit)}</text>\n' + "\n".join(grid + parts) + "\n</svg>\n"
    )
