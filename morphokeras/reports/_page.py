"""A page of HTML that needs no other file."""

import base64
import html
import io
import os
import platform
from collections.abc import Iterable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import morphokeras
from morphokeras.utils.files import replacing

if TYPE_CHECKING:
    import pandas

PACKAGES = (
    *("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy", "scipy"),
    *("scikit-learn", "scikit-image", "pandas", "numba"),
)

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p.lead { color: #444; margin-top: 0; }
table { border-collapse: collapse; font-size: .92rem; width: 100%; }
.wide { overflow-x: auto; }
th, td { padding: .35rem .7rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid #333; }
tbody tr + tr > * { border-top: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums;
            white-space: nowrap; }
thead th.number { text-align: right; }
figure { margin: 1rem 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: .9rem; color: #444; }
footer { margin-top: 2.5rem; font-size: .85rem; color: #555; }
@media print {
  body { font-size: 10.5pt; margin: 0; max-width: none; padding: 0; }
  .wide { overflow: visible; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
}
"""


class Page:
    """Headings, paragraphs, tables and figures, in the order in which they are added.

    Parameters
    ----------
    title : str
        The heading of the page.
    lead : str, default=""
        A sentence below it.
    """

    def __init__(self, title: str, lead: str = ""):
        self.title = title
        self.parts = [f"<h1>{html.escape(title)}</h1>"]
        if lead:
            self.parts.append(f'<p class="lead">{html.escape(lead)}</p>')

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.parts.append(f"<h2>{html.escape(text)}</h2>")

    def paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def rows(self, rows: Iterable[tuple[Any, Any]], caption: str) -> None:
        """Add a table of names and values."""
        body = "".join(
            f'<tr><th scope="row">{html.escape(str(name))}</th>'
            f"<td>{html.escape(str(value))}</td></tr>"
            for name, value in rows
        )
        self.parts.append(
            f'<div class="wide"><table aria-label="{html.escape(caption)}">'
            f"<tbody>{body}</tbody></table></div>"
        )

    def table(self, frame: "pandas.DataFrame", words: Sequence[str] = ()) -> None:
        """Add a table; columns named in `words` hold text, the others numbers."""
        kinds = ["" if column in words else ' class="number"' for column in frame]
        head = "".join(
            f'<th scope="col"{kind}>{html.escape(str(column))}</th>'
            for column, kind in zip(frame.columns, kinds, strict=True)
        )
        body = "".join(
            f'<tr><th scope="row">{html.escape(str(name))}</th>'
            + "".join(
                f"<td{kind}>{html.escape(_shown(value))}</td>"
                for value, kind in zip(row, kinds, strict=True)
            )
            + "</tr>"
            for name, row in zip(frame.index, frame.to_numpy(object), strict=True)
        )
        self.parts.append(
            f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )

    def figure(self, figure: Any, caption: str) -> None:
        """Add a matplotlib figure, as lines that stay sharp in print, and close it."""
        import matplotlib.pyplot as plt

        picture = io.BytesIO()
        figure.savefig(picture, format="svg", bbox_inches="tight", dpi=200)
        plt.close(figure)
        data = base64.b64encode(picture.getvalue()).decode("ascii")
        text = html.escape(caption)
        self.parts.append(
            f'<figure><img alt="{text}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{text}</figcaption></figure>"
        )

    def write(self, path: str | os.PathLike) -> None:
        """Write the page, whole or not at all."""
        text = (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{html.escape(self.title)}</title>\n<style>{STYLE}</style>\n"
            "</head>\n<body>\n" + "\n".join(self.parts) + f"\n{_footer()}\n</body>\n"
            "</html>\n"
        )
        with replacing(path) as file:
            file.write(text.encode("utf-8"))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.4g}"
    return str(value)


def _footer() -> str:
    """Return the versions of everything that computed the page."""
    # Its own version is known where it is not installed, too.
    versions = [
        f"morphokeras {morphokeras.__version__}",
        f"Python {platform.python_version()}",
    ]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return f"<footer>{html.escape(', '.join(versions))}</footer>"
