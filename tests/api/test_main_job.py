"""The main job through the API: from import to active, all five phases by the clock."""

from tests.agency import Agency


def test_an_account_goes_from_import_to_active(agency: Agency) -> None:
    worker = agency.warmed_up()
    done = worker.complete_warmup().ok()
    assert done["state"] == "active"
    assert agency.operator.verified() > 10
