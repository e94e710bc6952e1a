"""The skeleton of the report: one HTML page that loads nothing."""

from dualscape.figures.plotly_renderer import FONT, library

# Nothing may be fetched: a page that tried would show it. The library compiles its shaders, hence 'unsafe-eval'.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; worker-src blob:"
)
STYLE = f"""
:root {{ --ink: #212529; --soft: #5c636a; --line: #dee2e6; --blue: #1864ab; --red: #c92a2a; }}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.55 {FONT}; color: var(--ink); background: #fff; margin: 0; }}
main {{ max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }}
h1 {{ font-size: 1.7rem; line-height: 1.25; margin: 0 0 1.25rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }}
.verdict {{ border-left: 6px solid var(--soft); background: #f1f3f5; padding: 1rem 1.25rem; border-radius: 4px; }}
.verdict.global {{ border-color: var(--blue); background: #e7f1fb; }}
.verdict.bounded {{ border-color: #b35c00; background: #fff4e6; }}
.verdict strong {{ display: block; font-size: 1.25rem; margin-bottom: .25rem; }}
.warning {{ border-left: 6px solid var(--red); background: #fff0f0; padding: .6rem 1rem; margin: .75rem 0; }}
.hint {{ border-left: 6px solid #b35c00; background: #fff4e6; padding: .6rem 1rem; margin: .75rem 0; }}
.words {{ max-width: 50rem; margin: .75rem 0; color: var(--soft); font-size: .95rem; }}
.words dt {{ font-weight: 600; float: left; margin-right: .4rem; color: var(--ink); }}
.words dt::after {{ content: ":"; }}
.words dd {{ margin: 0 0 .25rem; }}
.soft, figcaption {{ color: var(--soft); }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .93rem; }}
th, td {{ padding: .3rem .85rem .3rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }}
th {{ font-weight: 600; }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
td.digits {{ white-space: normal; overflow-wrap: anywhere; min-width: 9rem; }}
.tables {{
  display: grid; gap: 0 2.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr));
}}
.tables table {{ width: 100%; }}
figure {{ margin: 0 0 2.5rem; }}
figure h3 {{ font-size: 1.05rem; margin: 1.25rem 0 .25rem; }}
figcaption {{ max-width: 50rem; font-size: .95rem; margin-top: .5rem; }}
.plot {{ width: 100%; }}
@media print {{
  main {{ max-width: none; padding: 0; }}
  figure, tr, .verdict {{ break-inside: avoid; }}
  h2, h3 {{ break-after: avoid; }}
}}
"""


def page(heading: str, body: str) -> str:
    """The text of a page.

    Args:
        heading: its title, as HTML.
        body: what it holds, as HTML.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{heading}</title>\n'
        f"<style>{STYLE}</style>\n<script>{library()}</script>\n</head>\n<body>\n<main>\n"
        + body
        + "\n</main>\n</body>\n</html>\n"
    )
