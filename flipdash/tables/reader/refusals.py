"""Why a file can't be read, as a word that flipdash.tables.reading knows the sentence for."""


class Refused(Exception):
    """The file can't be read from this record and line on."""

    def __init__(self, reason: str, number: int = 1, line: int = 1, **words: object) -> None:
        super().__init__(reason)
        self.reason, self.number, self.line, self.words = reason, number, line, words

    def as_message(self) -> dict[str, object]:
        """Return what is sent to the process that asked."""
        return {"refused": self.reason, "number": self.number, "line": self.line, "words": self.words}
