"""A streaming writer of BIFF8 workbooks, the .xls of Microsoft Excel 97 to 2003, in plain Python.

It writes what [MS-XLS] says that Excel writes, in the order of its §2.1.7.20 (workbook and worksheet substreams), into
a compound file as [MS-CFB] has it. Cells and strings wait in temporary files beside the book, for the table of
strings stands before the sheets: memory doesn't grow with the rows.

What Excel writes and this leaves out, all of it optional: RK and MULRK (a NUMBER holds the same figure), MULBLANK
(an empty cell is no cell), THEME, XFEXT and other records that only Excel 2007 and later know.
"""

from documents.reports.writers.biff.book import Book
from documents.reports.writers.biff.ole import TooBig
from documents.reports.writers.biff.sheet import Cells, Sheet
from documents.reports.writers.biff.styles import Look

__all__ = ["Book", "Cells", "Look", "Sheet", "TooBig"]
