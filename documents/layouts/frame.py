"""What the page of a history asks of report templates (flipdash/frame.py): those that its Create Report offers."""

from flipdash import frame

frame.brings(
    "report_templates",
    """
    SELECT json_agg(json_build_array(found.id, found.name)) FROM (
        SELECT id, name FROM documents_reporttemplate
        WHERE business_id = %(business)s AND mode = %(mode)s AND history = %(history)s
        ORDER BY lower(name), id
    ) found
    """,
)
