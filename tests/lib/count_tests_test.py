"""tools/count-tests: what it makes of meson's report."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COUNT_TESTS = Path(__file__).resolve().parents[2] / "tools/count-tests"


def count(*tests):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        log.writelines(json.dumps({"name": "t", "stdout": "", **test}) + "\n" for test in tests)
        log.flush()
        return subprocess.run([COUNT_TESTS, log.name], capture_output=True, text=True, check=False)


def cases(passed, failed):
    return f"[doctest] test cases: {passed + failed:3} | {passed:3} passed | {failed} failed | 0 skipped"


class CountTests(unittest.TestCase):
    def test_cases_count_one_by_one_and_other_programs_as_one(self):
        self.assertEqual(count({"result": "OK", "stdout": cases(7, 0)}, {"result": "OK"}).stdout, "8 0\n")

    def test_a_failed_case_counts_and_so_does_a_crash_after_good_ones(self):
        self.assertEqual(count({"result": "FAIL", "stdout": cases(5, 2)}).stdout, "5 2\n")
        self.assertEqual(count({"result": "FAIL", "stdout": cases(5, 0)}).stdout, "5 1\n")
        self.assertEqual(count({"result": "TIMEOUT"}, {"result": "OK"}).stdout, "1 1\n")

    def test_what_skips_itself_is_named_with_its_reason_and_not_counted(self):
        counted = count({"result": "OK"}, {"name": "peer-x", "result": "SKIP", "stdout": "x is not installed\n"})
        self.assertEqual(counted.stdout, "1 0\n")
        self.assertEqual(counted.stderr, "skipped: peer-x: x is not installed\n")

    def test_nothing_run_is_an_error(self):
        self.assertNotEqual(count({"name": "peer-x", "result": "SKIP"}).returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
