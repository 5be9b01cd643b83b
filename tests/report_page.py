"""The report page as a test reads it."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The parsed page: sections in order, texts of the tables, and every attribute."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.scripts = 0
        self.words: list[str] = []
        self._table: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {k: v or "" for k, v in attrs}
        self.attributes += [(tag, k, v) for k, v in found.items()]
        self.scripts += tag == "script"
        if tag == "section":
            self.sections.append(found["id"])
        if tag == "table":
            self._table = found["id"]
            self.tables[self._table] = []
        if self._table and tag == "tr":
            self.tables[self._table].append([])
        if self._table and tag in ("td", "th"):
            self.tables[self._table][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._table and self.tables[self._table] and self.tables[self._table][-1]:
            self.tables[self._table][-1][-1] += data if data.strip() else ""

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
