from . import (
    test_alert,
    test_connector,
    test_definition,
    test_failure,
    test_faults,
    test_faults_connector,
    test_faults_records,
    test_flow,
    test_job,
    test_pull,
    test_security,
    test_tour,
)
