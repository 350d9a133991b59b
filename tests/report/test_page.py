"""The page's parts: what it shows, what it hides, and that it stands alone."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pulumi.output import Unknown

from rehearsal import rehearse
from rehearsal.checks.reachability import Cell
from rehearsal.listing import SECRET
from rehearsal.report import connections, functions, page, permissions, shown, write
from rehearsal.report.description import Description, Role, definitions, known
from rehearsal.report.diagram import diagram, outside
from rehearsal.report.drawing import wide, wrapped
from rehearsal.report.plan import _commands
from rehearsal.result import Verdict
from tests.support.material import Written, record
from tests.support.paths import PROGRAMS

PASSWORD = "correct-horse-battery"


def empty(**more: object) -> Description:
    """Description of a stack with nothing in it."""
    return replace(Description("cvat", "empty", "cn-north-1", "1", (), {}), **more)  # type: ignore[arg-type]


def test_three_files_are_written(written: Written) -> None:
    assert {file.name for file in written.files} == {"report.html", "summary.md", "resources.json"}
    assert all(file.parent == written.folder and file.stat().st_size for file in written.files)


def test_no_secret_value_stands_in_any_file(written: Written) -> None:
    values = shown.Redactor(written.description.records).values
    passwords = [
        password for record in written.description.records for password in [record.outputs.get("result")] if password
    ]
    assert len(passwords) >= 4, "the stack makes passwords: without them this test proves nothing"
    for file in written.files:
        text = file.read_text(encoding="utf-8")
        assert not [value for value in values if value in text], f"{file.name} shows a secret"
        assert not [password for password in passwords if password in text], f"{file.name} shows a password"


def test_a_secret_is_hidden_where_it_is_not_marked() -> None:
    marked = record("random:index/randomPassword:RandomPassword", "db", {"result": PASSWORD}, secrets={"result"})
    leaking = record("aws:ssm/parameter:Parameter", "leak", {"value": f"password={PASSWORD}"})
    html = page.render(empty(records=(marked, leaking), failure=f"cannot log in with {PASSWORD}"))
    assert PASSWORD not in html, "a secret that leaks into another resource or an error must not leak into the report"
    assert f"password={SECRET}" in html, "what stands around it stays readable"


def test_the_page_needs_no_network(written: Written) -> None:
    html = (written.folder / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"<(?:link|img|iframe|script|object|embed)\b[^>]*(?:src|href|data)=", html), (
        "nothing is loaded"
    )
    assert not re.findall(r"@import|url\((?!#)", html), "the style loads nothing either"


def test_every_resource_is_in_the_tree(written: Written) -> None:
    html = (written.folder / "report.html").read_text(encoding="utf-8")
    tree = html[html.index('<div class="tree"') : html.index('id="roles-title"')]
    assert tree.count("<summary>") == len(written.description.records)


def test_two_pages_of_the_same_description_are_equal(written: Written) -> None:
    assert page.render(written.description) == page.render(written.description), "a report without changes has no diff"


def test_markup_in_a_name_is_only_text() -> None:
    html = page.render(empty(records=(record("aws:s3/bucket:Bucket", "<script>alert(1)</script>"),)))
    assert "<script>alert" not in html, "names are not trusted"


def test_a_rehearsal_that_failed_says_why() -> None:
    html = page.render(empty(failure="aws:rds/instance:Instance 'data': the quota is reached"))
    assert "the quota is reached" in html
    assert "did not run to its end" in html


def test_a_failed_check_shows_its_findings() -> None:
    html = page.render(empty(checks=(Verdict("Doors are shut", False, ("Port 22 is open: close it.",), 3),)))
    assert "1 of 1 checks fail" in html
    assert "Port 22 is open: close it." in html


def opened(description: Description, row: str, column: tuple[str, str]) -> Description:
    """As if one row reached one column more."""
    cells = {**description.matrix.cells, (row, column): Cell(False, frozenset({"direct"}), ())}
    return replace(description, matrix=replace(description.matrix, cells=cells))


def test_the_table_is_the_matrix_of_the_check(written: Written) -> None:
    matrix, html = written.description.matrix, (written.folder / "report.html").read_text(encoding="utf-8")
    table = html[html.index('<table class="matrix">') :].partition("</table>")[0]
    assert re.findall(r'<td class="\w+">(.*?)</td>', table) == [
        str(matrix.cells[row, column]) or "\N{EN DASH}" for row in matrix.rows for column in matrix.columns
    ]
    assert str(matrix.cells["server", ("postgresql", "5432")]) == "direct"
    assert str(matrix.cells["gateway", ("sagemaker.runtime", "443")]) == "NAT"
    assert not matrix.cells["ui", ("postgresql", "5432")].routes, "the UI has no business with the database"


def test_a_connection_that_is_not_intended_is_marked(written: Written) -> None:
    assert 'class="bad"' not in page.render(written.description)
    assert (
        page.render(opened(written.description, "ui", ("postgresql", "5432"))).count('<td class="bad">direct</td>') == 1
    )


def test_every_function_has_endpoint_container_image_and_archive(written: Written) -> None:
    listed = functions.functions(written.description)
    assert len(listed) >= 5, "the registry's functions"
    for function in listed:
        assert function.container == function.name, (
            f"{function.name}: the container of a shared endpoint bears the function's name"
        )
        assert "@sha256:" in function.image, f"{function.name}: images are named by digest, got {function.image}"
        assert function.archive.startswith("s3://"), (
            f"{function.name}: its archive lies in a bucket, got {function.archive}"
        )
        assert function.endpoint.endswith("x 1)"), (
            f"{function.name}: its endpoint's instances are told, got {function.endpoint}"
        )


def test_a_permission_on_everything_is_marked() -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:one"]},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"a": "b"}}},
    ]
    trust = {"Statement": {"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Effect": "Allow"}}
    description = empty(roles=(Role("task", trust, {"own": {"Statement": statements}}, ()),))
    (role,) = permissions.roles(description)
    assert [statement.wide for statement in role.statements] == [True, False, False]
    assert role.trusted == ("ecs-tasks.amazonaws.com",)
    assert page.render(description).count('class="wide"') == 1


def test_secrets_are_listed_with_keys_and_readers(written: Written) -> None:
    by_name = {secret.name: secret for secret in permissions.secrets(written.description)}
    assert by_name["data-database"].keys == ("password", "username")
    assert any(reader.startswith("CVAT_POSTGRES_PASSWORD: ") for reader in by_name["data-database"].readers)


def test_settings_that_are_json_are_laid_out() -> None:
    assert shown.pretty('{"Version":"2012-10-17"}') == '{\n  "Version": "2012-10-17"\n}'
    assert shown.pretty("{not json") == "{not json", "what only looks like it stays as it is"


def test_the_diagram_has_a_line_for_every_port_that_is_open_inside(written: Written) -> None:
    drawn = diagram(written.description)
    assert drawn is not None
    inside = {
        (target, port) for _, target, port in connections.connections(written.description.matrix) if "/" not in target
    }
    assert {(lane.target, lane.port) for lane in drawn[1]} == inside
    drawing = drawn[0]
    assert {text.text for _, text in drawing.labels} >= {port for _, port in inside}, "every arrow bears its port"


def test_no_port_is_written_over_another(written: Written) -> None:
    drawn = diagram(opened(written.description, "worker", ("gateway", "8071")))
    assert drawn is not None
    boxes = [box for box, _ in drawn[0].labels]
    assert {"8070", "8071"} <= {text.text for _, text in drawn[0].labels}, "one target with two ports"
    for before, after in itertools.combinations(boxes, 2):
        apart = before.y + before.height <= after.y or after.y + after.height <= before.y
        beside = before.x + before.width <= after.x or after.x + after.width <= before.x
        assert apart or beside, (before, after)


def test_traffic_to_the_internet_is_drawn_to_the_nat_gateway_of_each_zone(written: Written) -> None:
    drawn = diagram(written.description)
    assert drawn is not None
    gateways = [box for box in drawn[0].boxes if box.kind == "nat"]
    assert len(gateways) == 3, "one a zone"
    ends = [line.points[-1] for line in drawn[0].lines if line.kind == "lane out" and line.arrow]
    starts = [line.points[0] for line in drawn[0].lines if line.kind == "lane out" and line.arrow]
    for box in gateways:
        inside = [x for x, y in ends if box.x < x < box.x + box.width and y == box.y + box.height + 2]
        assert len(inside) == 1, f"no line ends at {box.title}"
        assert (inside[0], box.y) in starts, f"no line leads on from {box.title}"


def test_a_role_with_a_managed_policy_only_is_not_said_to_have_no_permission() -> None:
    trust = {"Statement": {"Principal": {"Service": "backup.amazonaws.com"}, "Effect": "Allow"}}
    html = page.render(empty(roles=(Role("backups", trust, {}, ("arn:aws:iam::aws:policy/x",)),)))
    assert "1 managed policy" in html
    assert "0 statements" not in html


def test_the_head_gives_no_price_in_a_currency_that_the_operator_does_not_pay(written: Written) -> None:
    html = (written.folder / "report.html").read_text(encoding="utf-8")
    head = html[html.index("<header>") : html.index("</header>")]
    assert "A month, in CNY" in head
    assert "USD" not in head


def test_an_edge_that_opens_appears_in_the_diagram(written: Written) -> None:
    before, after = diagram(written.description), diagram(opened(written.description, "ui", ("postgresql", "5432")))
    assert before is not None and after is not None
    assert len(after[0].dots) == len(before[0].dots) + 1, "the UI joins the database's lane"


def test_only_the_worker_that_calls_the_gateway_joins_its_lane(written: Written) -> None:
    drawn = diagram(written.description)
    assert drawn is not None
    (callers,) = [lane.sources for lane in drawn[1] if lane.target == "gateway"]
    assert callers == ("annotation-worker", "server"), "the others have other security groups"


@pytest.mark.parametrize("width", [60, 120, 300])
def test_wrapped_lines_fit_and_lose_nothing(width: int) -> None:
    text = "openvino-person-reidentification-retail, 2 tasks · Averyveryverylongnamewithoutanybreak 自动标注函数"
    lines = wrapped(text, width, 11)
    assert all(wide(line, 11) <= width for line in lines), f"a line is too long: {lines}"
    assert "".join("".join(lines).split()) == "".join(text.split()), "no character may get lost"


def test_the_internet_is_drawn_only_where_something_comes_from_it_or_goes_to_it() -> None:
    assert outside(internal=False, outward=True) == "Internet"
    assert outside(internal=True, outward=False) == "Networks connected to the VPC", "VPN, peering, Direct Connect"
    assert outside(internal=True, outward=True) == "Internet, and networks connected to the VPC"


def test_the_diagram_shows_commands_without_their_options() -> None:
    containers = [{"command": ["run", "--server", "--addr=127.0.0.1:8181"]}, {"command": ["worker", "low"]}, {}]
    inputs = {"containerDefinitions": json.dumps(containers)}
    definition = record("aws:ecs/taskDefinition:TaskDefinition", "definition", inputs)
    assert _commands(definition) == ["command run, worker low"]


def test_a_stack_without_a_network_says_so() -> None:
    assert diagram(empty()) is None
    assert "There is no network to draw." in page.render(empty())


def test_the_json_stays_readable_by_machines(written: Written) -> None:
    assert json.loads((written.folder / "resources.json").read_text(encoding="utf-8"))["stack"] == "cn-northwest-1"


def test_a_preview_has_a_page_though_little_is_known(tmp_path: Path) -> None:
    with rehearse("cn-northwest-1", project=PROGRAMS / "small", preview=True) as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        html = next(file for file in write(rehearsal, tmp_path) if file.suffix == ".html").read_text(encoding="utf-8")
    assert "Not checked" in html
    assert "[unknown until it exists]" in html, "what only creation can tell is said to be unknown"


def test_what_a_preview_does_not_know_is_nothing() -> None:
    unknown = Unknown()  # type: ignore[no-untyped-call]  # as Pulumi has it
    assert known({"one": [unknown, {"two": unknown}], "three": 3}) == {"one": [None, {"two": None}], "three": 3}
    definition = record("aws:ecs/taskDefinition:TaskDefinition", "server", {"containerDefinitions": None})
    assert definitions(definition) == []
