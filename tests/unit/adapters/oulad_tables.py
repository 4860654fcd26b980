"""A small dataset of the Open University's shape, with an answer that can be worked out by hand."""

from pathlib import Path

TABLES = {
    "courses": """\
"code_module","code_presentation","module_presentation_length"
"AAA","2013J","268"
"AAA","2014B","100"
"BBB","2014B","90"
""",
    "assessments": """\
"code_module","code_presentation","id_assessment","assessment_type","date","weight"
"AAA","2013J","9","TMA","10","100"
"AAA","2014B","1","TMA","10","40"
"AAA","2014B","2","CMA","20","20"
"AAA","2014B","3","TMA","","40"
"AAA","2014B","4","Exam","?","100"
"BBB","2014B","5","CMA","30","100"
""",
    "studentAssessment": """\
"id_assessment","id_student","date_submitted","is_banked","score"
"1","11","8","0","78"
"2","11","20","0","65"
"3","11","95","0","?"
"4","11","99","0","88"
"1","13","-1","1","50"
"1","14","10","0",""
"5","14","29","0","70.5"
"9","11","5","0","90"
""",
    "studentRegistration": """\
"code_module","code_presentation","id_student","date_registration","date_unregistration"
"AAA","2014B","11","",""
"AAA","2014B","12","15","100"
"AAA","2014B","13","10","20"
"BBB","2014B","14","-20","?"
"AAA","2013J","11","-50",""
""",
    "studentVle": """\
"code_module","code_presentation","id_student","id_site","date","sum_click"
"AAA","2014B","11","546","-5","4"
"AAA","2014B","11","547","-5","1"
"AAA","2014B","12","546","3","0"
"BBB","2014B","11","700","-5","2"
"AAA","2013J","11","546","1","3"
""",
}


def write_tables(folder: Path, **changed: str | None) -> Path:
    """Write the tables as CSV; a table given by name is written so, or left out if None."""
    for name, text in (TABLES | changed).items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder
