"""What `make house` counts stays counted: names that stand twice, casts, long files and functions of the service."""

from benchmarks.house import casts, cycles, is_service, repeated_class_names, sizes, sources

SERVICE = [source for source in sources() if is_service(source)]

# a table's item and the document that shows it, a rule's value and the document that shows it
SHOWN = {"Actor", "Assignment", "AuditEvent", "Bot", "Consent", "Content", "Lease", "Phase", "Session", "Text", "User"}
# what a worker does next, in the contract's word; and what a decision makes of a warm-up
TWO_THINGS = {"Step"}


def test_a_public_class_name_stands_in_one_module() -> None:
    assert set(repeated_class_names(SERVICE)) <= SHOWN | TWO_THINGS


def test_a_value_keeps_the_type_that_it_has() -> None:
    assert len(casts(SERVICE)) <= 5, casts(SERVICE)


def test_no_modules_import_each_other() -> None:
    assert cycles(SERVICE) == []


def test_files_and_functions_of_the_service_stay_short() -> None:
    found = sizes(SERVICE)
    assert found.file[1] <= 250, found.long_files
    assert found.file[2] <= 400, found.long_files
    assert len(found.long_functions) <= 5, found.long_functions
