"""What the importer says of tables that it cannot read."""

from pathlib import Path

import pytest

from mastery_engine.adapters.oulad import columns, csv_table, parquet_table, tables
from mastery_engine.adapters.oulad.importer import OuladEvents
from mastery_engine.domain.errors import ConfigurationError, InvalidInput
from tests.unit.adapters.oulad_tables import TABLES, write_tables

BAD_CELLS = [
    (
        "studentAssessment",
        '"78"',
        '"good"',
        "studentAssessment.csv, line 2, column score = good: must be a number",
    ),
    (
        "studentAssessment",
        '"78"',
        '"101"',
        "studentAssessment.csv, column score = 101: must be from 0 to 100",
    ),
    ("studentAssessment", '"8"', '""', "column date_submitted = (empty): must be a whole number from -2048"),
    ("studentAssessment", '"8"', '"8.5"', "column date_submitted = 8.5: must be a whole number from -2048"),
    ("studentAssessment", '"11","20"', '"-3","20"', "column id_student = -3: must be a whole number from 0"),
    (
        "studentVle",
        '"-5"',
        '"9999"',
        "studentVle.csv, column date = 9999: must be a whole number from -2048 to",
    ),
    ("studentVle", ',"-5","4"', "", "studentVle.csv, line 2, column date = (none): the row has only 4 cells"),
    (
        "studentVle",
        '"AAA","2014B","12"',
        '"ZZZ","2014B","12"',
        "column code_module = ZZZ: has no row in the table",
    ),
    ("assessments", '"CMA"', '"Viva"', "column assessment_type = Viva: must be CMA, TMA or Exam"),
    ("courses", '"AAA","2014B"', '"A A","2014B"', "courses.csv, column code_module = A A: must match"),
    ("courses", '"100"', '"0"', "column module_presentation_length = 0: must be a whole number from 1"),
]


@pytest.mark.parametrize(("table", "old", "new", "message"), BAD_CELLS)
def test_a_bad_cell_is_told_with_file_column_value_and_rule(
    tmp_path: Path, table: str, old: str, new: str, message: str
) -> None:
    assert old in TABLES[table]
    folder = write_tables(tmp_path, **{table: TABLES[table].replace(old, new, 1)})
    with pytest.raises(InvalidInput) as caught:
        OuladEvents(folder, "2014B")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("courses", "module_presentation_length"),
        ("assessments", "assessment_type"),
        ("studentAssessment", "date_submitted"),
        ("studentRegistration", "date_unregistration"),
        ("studentVle", "sum_click"),
    ],
)
def test_a_missing_column_is_told_with_the_columns_found(tmp_path: Path, table: str, column: str) -> None:
    folder = write_tables(tmp_path, **{table: TABLES[table].replace(column, "other", 1)})
    with pytest.raises(InvalidInput, match=rf"{table}\.csv, column {column} = .*is missing; .*other"):
        OuladEvents(folder, "2014B")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_missing_file_is_told_with_the_names_that_would_do(tmp_path: Path, table: str) -> None:
    folder = write_tables(tmp_path, **{table: None})
    with pytest.raises(InvalidInput, match=rf"has no file .*{table}\.csv or {table}\.parquet"):
        OuladEvents(folder, "2014B")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is no folder"):
        OuladEvents(tmp_path / "nowhere", "2014B")


@pytest.mark.parametrize(("presentation", "module"), [("2014J", None), ("2014B", "CCC")])
def test_an_absent_presentation_or_module_is_told_with_those_there(
    tmp_path: Path, presentation: str, module: str | None
) -> None:
    with pytest.raises(InvalidInput, match=r"courses\.csv, which has AAA 2013J, AAA 2014B, BBB 2014B"):
        OuladEvents(write_tables(tmp_path), presentation, module)


def test_a_file_of_another_encoding_is_told(tmp_path: Path) -> None:
    folder = write_tables(tmp_path)
    (folder / "courses.csv").write_bytes(TABLES["courses"].encode() + '"Ä","2014B","9"\n'.encode("latin-1"))
    with pytest.raises(InvalidInput, match=r"courses\.csv = .*not UTF-8"):
        OuladEvents(folder, "2014B")


def test_an_empty_file_lacks_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="columns found are none"):
        OuladEvents(write_tables(tmp_path, courses=""), "2014B")


@pytest.mark.parametrize(
    ("table", "more", "why"),
    [
        ("courses", f'"{"x" * 200_000}","2014B","1"\n', "field larger than field limit"),
        ("studentVle", '"AAA","2014B","11\n","546","-5","4"\n', "goes over several lines"),
    ],
)
def test_broken_quoting_is_told(tmp_path: Path, table: str, more: str, why: str) -> None:
    folder = write_tables(tmp_path, **{table: TABLES[table] + more})
    with pytest.raises(InvalidInput, match=rf"{table}\.csv = .*cannot be read as CSV: .*{why}"):
        OuladEvents(folder, "2014B")


def test_rows_of_other_presentations_are_not_judged(tmp_path: Path) -> None:
    strange = TABLES["studentVle"] + '"AAA","2013J","who","546","when"\n'
    assert OuladEvents(write_tables(tmp_path, studentVle=strange), "2014B").total == 17


def test_a_byte_order_mark_blank_lines_and_extra_columns_do_no_harm(tmp_path: Path) -> None:
    with_mark = "\ufeff" + TABLES["courses"].replace("\n", "\n\n")
    extra = TABLES["studentVle"].replace("\n", ',"x"\n')
    assert OuladEvents(write_tables(tmp_path, courses=with_mark, studentVle=extra), "2014B").total == 17


def test_large_tables_are_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [event for batch in OuladEvents(write_tables(tmp_path), "2014B") for event in batch]
    monkeypatch.setattr(csv_table, "CHUNK_ROWS", 2)
    monkeypatch.setattr(tables, "_COMPACT_AT", 1)
    assert [event for batch in OuladEvents(tmp_path, "2014B") for event in batch] == whole


def write_parquet(folder: Path) -> Path:
    arrow_csv = pytest.importorskip("pyarrow.csv", reason="the extra `parquet` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    options = arrow_csv.ConvertOptions(null_values=["", "?"], quoted_strings_can_be_null=True)
    for path in write_tables(folder).glob("*.csv"):
        parquet.write_table(arrow_csv.read_csv(path, convert_options=options), path.with_suffix(".parquet"))
        path.unlink()
    return folder


def test_parquet_gives_the_same_events_as_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_csv, as_parquet = tmp_path / "csv", tmp_path / "parquet"
    as_csv.mkdir()
    as_parquet.mkdir()
    expected = list(OuladEvents(write_tables(as_csv), "2014B"))
    write_parquet(as_parquet)
    assert list(OuladEvents(as_parquet, "2014B")) == expected
    monkeypatch.setattr(parquet_table, "CHUNK_ROWS", 2)
    (as_parquet / "studentVle.parquet").rename(as_parquet / "studentVle_daily.parquet")
    assert list(OuladEvents(as_parquet, "2014B")) == expected


def test_parquet_with_dictionaries_of_texts_gives_the_same_events(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path)
    expected = list(OuladEvents(folder, "2014B"))
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")
    for path in folder.glob("*.parquet"):
        table = parquet.read_table(path)
        for place, field in enumerate(table.schema):
            if str(field.type) == "string":
                table = table.set_column(place, field.name, table.column(place).dictionary_encode())
        parquet.write_table(table, path)
    assert list(OuladEvents(folder, "2014B")) == expected


def test_a_parquet_column_of_another_type_is_told(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path)
    (folder / "courses.parquet").replace(folder / "studentRegistration.parquet")
    (folder / "courses.csv").write_text(TABLES["courses"], "utf-8")
    with pytest.raises(InvalidInput, match=r"studentRegistration\.parquet, column id_student"):
        OuladEvents(folder, "2014B")
    path = folder / "assessments.parquet"
    wrong = [columns.Column("assessment_type", "number")]
    with pytest.raises(InvalidInput, match="column assessment_type = string: must be a column of numbers"):
        list(parquet_table.read(path, wrong, {}))


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path)
    (folder / "courses.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InvalidInput, match=r"courses\.parquet = .*cannot be read as Parquet"):
        OuladEvents(folder, "2014B")


def nothing_found(_name: str) -> None:
    return None


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(parquet_table, "import_module", absent)
    monkeypatch.setattr(parquet_table, "find_spec", nothing_found)
    (tmp_path / "courses.parquet").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"pip install 'mastery-engine\[parquet\]'"):
        OuladEvents(tmp_path, "2014B")


def test_csv_is_taken_where_parquet_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_table, "find_spec", nothing_found)
    (tmp_path / "courses.parquet").write_bytes(b"")
    assert OuladEvents(write_tables(tmp_path), "2014B").total == 17
