"""`rehearsal serve`: what clients, bad input and time do to the served account."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import __version__ as moto_version

from rehearsal.errors import UserInputError
from rehearsal.server.serve import run
from rehearsal.server.state_file import FORMAT
from tests.support.account_server import ServedAccount, ends_of_sockets, resident_mb
from tests.support.databases import create_database

WRITTEN_HERE = f"rehearsal account, format {FORMAT}, moto {moto_version}\n".encode()


@pytest.fixture(scope="module")
def served() -> Iterator[ServedAccount]:
    with ServedAccount() as server:
        yield server


def refusal(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_every_protocol_of_aws_is_answered(served: ServedAccount) -> None:
    bucket = {"Bucket": "practice-bucket"}
    served.client("s3").create_bucket(**bucket, CreateBucketConfiguration={"LocationConstraint": "cn-northwest-1"})
    served.client("s3").put_object(**bucket, Key="a/b c+%.txt", Body=b"x" * 300_000, ChecksumAlgorithm="SHA256")
    assert served.client("s3").get_object(**bucket, Key="a/b c+%.txt")["Body"].read() == b"x" * 300_000, "REST, XML"
    assert served.client("ec2").describe_vpcs()["Vpcs"], "EC2's query protocol"
    assert served.client("rds").describe_db_instances()["DBInstances"] == [], "query"
    served.client("ecs").create_cluster(clusterName="c")
    assert served.client("ecs").list_clusters()["clusterArns"], "JSON"
    assert served.client("efs").create_file_system(CreationToken="t")["FileSystemId"], "REST, JSON"
    assert served.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert served.client("iam").list_roles()["Roles"] == [], "a service without a region"
    served.client("backup").create_backup_vault(BackupVaultName="v")
    points = served.client("backup").list_recovery_points_by_backup_vault(BackupVaultName="v")["RecoveryPoints"]
    assert points == [], "a path that ends with a slash"
    counts = served.ask("/status")["calls"]
    assert counts["s3:PutObject"] == counts["elbv2:DescribeLoadBalancers"] == counts["efs:CreateFileSystem"] == 1, (
        f"the server names operations as boto3 does: {counts}"
    )


def test_what_moto_lacks_is_a_sentence_with_service_and_operation(served: ServedAccount) -> None:
    code, message = refusal(served.client("rds").describe_reserved_db_instances)
    assert code == "NotImplemented" and "rds:DescribeReservedDBInstances" in message, message
    code, message = refusal(served.client("backup").list_restore_testing_plans)
    assert code == "NotImplemented" and "backup:ListRestoreTestingPlans" in message, "also where no route exists"
    code, message = refusal(served.client("gamelift").list_fleets)
    assert code == "NotImplemented" and "gamelift:ListFleets" in message, "also of a service that moto lacks"
    code, message = refusal(served.client("amp").list_workspaces)
    assert code == "NotImplemented" and "amp:ListWorkspaces in cn-northwest-1" in message, (
        "also in a region that lacks it"
    )
    counted = served.ask("/status")["not_implemented"]
    assert counted["rds:DescribeReservedDBInstances"] == 1, "the SDK must not try again what will never work"
    assert "rds:DescribeReservedDBInstances" in served.ask("/"), "the page shows what is missing"


def test_the_next_calls_of_an_operation_fail_or_are_throttled(served: ServedAccount) -> None:
    served.ask("/faults", "POST", operation="sns:ListTopics", times=1, code="AuthorizationError")
    served.ask("/faults", "POST", operation="sns:*", kind="throttle", times=1)
    assert refusal(served.client("sns").list_topics)[0] == "AuthorizationError"
    assert refusal(served.client("sns").list_topics)[0] == "ThrottlingException"
    assert served.client("sns").list_topics()["Topics"] == [], "a fault meets as many calls as it was given"
    served.ask("/faults", "POST", operation="sns:ListTopics", kind="throttle", times=2)
    assert served.client("sns", attempts=3).list_topics()["Topics"] == [], "an SDK tries again when it is throttled"


def test_a_call_whose_answer_is_lost_is_carried_out_once(served: ServedAccount) -> None:
    for service, operation, parameters in (
        ("ecr", "CreateRepository", {"repositoryName": "once"}),
        ("iam", "CreateRole", {"RoleName": "once", "AssumeRolePolicyDocument": "{}"}),
    ):
        served.ask("/faults", "POST", operation=f"{service}:{operation}", kind="lose")
        answer = served.client(service, attempts=3)._make_api_call(operation, parameters)
        assert "once" in str(answer), "the second attempt gets the first one's answer, not 'already exists'"


def test_wrong_faults_and_moves_of_the_clock_are_sentences(served: ServedAccount) -> None:
    forms: tuple[tuple[dict[str, Any], str], ...] = (
        ({"operation": "CreateBucket"}, "service:Operation"),
        ({"operation": "s3:CreateBucket", "kind": "explode"}, "fail, throttle, lose"),
        ({"operation": "s3:CreateBucket", "times": -1}, "from 1 to"),
        ({"operations": "s3:CreateBucket"}, "operations"),
        ({"container": "init", "exitCode": 999}, "from 0 to 255"),
    )
    for form, word in forms:
        assert word in served.ask("/faults", "POST", **form)["error"]
    moves: tuple[dict[str, Any], ...] = (
        {},
        {"hours": "soon"},
        {"days": 400},
        {"hours": -1},
        {"weeks": 1},
        {"days": 1e300},
    )
    for form in moves:
        assert "days, hours" in served.ask("/clock", "POST", **form)["error"]
    assert "--state" in served.ask("/save", "POST")["error"]


def answered(served: ServedAccount, path: str, origin: str) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nContent-Length: 2\r\n\r\n{{}}"
        connection.sendall(head.encode())
        return connection.recv(12)


def test_a_web_page_from_elsewhere_changes_nothing(served: ServedAccount) -> None:
    for path in ("/clock", "/faults", "/moto-api/reset", "/practice-bucket"):
        for origin in ("https://example.com", "null"):
            assert answered(served, path, origin) == b"HTTP/1.1 403", "a browser sends such requests to this machine"
    assert answered(served, "/clock", served.url) == b"HTTP/1.1 400", "its own page is let through"


def test_clients_that_vanish_or_send_nonsense_do_no_harm(served: ServedAccount) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": "cn-northwest-1"}}
    served.client("s3").create_bucket(Bucket="half-bucket", **place)
    served.client("s3").put_object(Bucket="half-bucket", Key="whole", Body=b"whole")
    for beginning in (
        b"PUT /half-bucket/half HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf",
        b"PUT /half-bucket/half HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x00\x01\x02 nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: AWS4-HMAC-SHA256 nonsense\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /clock HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{{{{{",
    ):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(beginning)
    keys = served.client("s3").list_objects_v2(Bucket="half-bucket")["Contents"]
    assert [entry["Key"] for entry in keys] == ["whole"], "half an upload is none"


def test_a_slow_client_does_not_hold_up_others(served: ServedAccount) -> None:
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(40)]
    try:
        for connection in slow:
            connection.sendall(b"PUT /practice-bucket/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        assert served.client("ec2").describe_vpcs()["Vpcs"], "more of them than the server has threads"
    finally:
        for connection in slow:
            connection.close()


def test_many_clients_at_a_time_lose_no_call(served: ServedAccount) -> None:
    def create(prefix: int) -> None:
        sqs = served.client("sqs")
        for number in range(20):
            sqs.create_queue(QueueName=f"queue-{prefix}-{number}")

    threads = [threading.Thread(target=create, args=(prefix,)) for prefix in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    urls = served.client("sqs").list_queues()["QueueUrls"]
    assert len(urls) == 160
    assert served.ask("/status")["calls"]["sqs:CreateQueue"] == 160


def test_more_requests_than_threads_at_a_time_are_no_warning_in_the_terminal() -> None:
    with ServedAccount() as server:
        connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
        for connection in connections:
            connection.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 200"
            connection.close()
        server.end()
    assert server.output.rstrip().endswith("AWS_EC2_METADATA_DISABLED=true"), "the greeting, and nothing else"


def test_the_clock_moves_and_schedules_are_carried_out_on_the_way(served: ServedAccount) -> None:
    rds, scheduler = served.client("rds"), served.client("scheduler")
    create_database(rds, "nightly")
    target = {"RoleArn": "arn:aws-cn:iam::123456789012:role/r", "Input": '{"DbInstanceIdentifier": "nightly"}'}
    for name, when, call in (
        ("stop", "cron(0 20 ? * * *)", "stopDBInstance"),
        ("start", "cron(0 8 ? * * *)", "startDBInstance"),
    ):
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression=when,
            ScheduleExpressionTimezone="Asia/Shanghai",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={**target, "Arn": f"arn:aws-cn:scheduler:::aws-sdk:rds:{call}"},
        )
    happened = served.ask("/clock", "POST", days=1)["happened"]
    names = sorted(line.split("schedule ")[1].split(":")[0] for line in happened if "schedule " in line)
    assert names == ["start", "stop"], f"each once a day: {happened}"
    assert all("08:00:00" not in line or "start" not in line for line in happened), "8 in Shanghai is midnight in UTC"
    last = max(line for line in happened if "schedule " in line)
    status = rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"]
    assert status == ("stopped" if "schedule stop" in last else "available")


def test_an_alarm_follows_its_metric_as_time_passes(served: ServedAccount) -> None:
    cloudwatch = served.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="full",
        Namespace="N",
        MetricName="m",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 2.0}])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"
    happened = served.ask("/clock", "POST", minutes=5)["happened"]
    assert any(line.endswith("alarm full: ALARM -> OK") for line in happened), happened


def test_the_page_shows_what_the_account_holds(served: ServedAccount) -> None:
    served.client("ecs").create_cluster(clusterName="shown-cluster")
    served.client("logs").create_log_group(logGroupName="shown-logs")
    page = served.ask("/")
    for text in ("shown-cluster", "shown-logs", "Refusals", 'data-to="/clock"', "AWS_ENDPOINT_URL"):
        assert text in page, text
    assert "http://" not in page.replace(served.url, ""), "it needs nothing from elsewhere"
    assert "Remove all faults" not in page
    served.ask("/faults", "POST", operation="sns:ListTopics")
    assert "Remove all faults" in served.ask("/"), "what the page injects, it takes back"
    served.ask("/faults", "DELETE")
    assert "Remove all faults" not in served.ask("/")


def test_it_has_no_socket_but_on_this_machine(served: ServedAccount) -> None:
    with socket.create_connection(("127.0.0.1", served.port)):
        served.client("sts").get_caller_identity()
        ends = ends_of_sockets(served.process.pid)
    assert ends and all(own.is_loopback for own, _ in ends), "it listens on this machine only"
    assert all(far.is_loopback or far.is_unspecified for _, far in ends), "and connects to nothing else"


def test_an_idle_server_is_small() -> None:
    with ServedAccount() as fresh:
        assert fresh.client("ec2").describe_vpcs()["Vpcs"]
        assert resident_mb(fresh.process.pid) < 250


def test_a_port_in_use_is_a_sentence(served: ServedAccount) -> None:
    second = ServedAccount(port=served.port)
    with second:
        second.process.wait(60)
    assert second.process.returncode == 1
    assert f"--port {served.port} is in use" in second.output and "Traceback" not in second.output


def test_the_account_lives_on_in_its_state_file(tmp_path: Path) -> None:
    file = tmp_path / "account"
    with ServedAccount("--state", str(file)) as first:
        key = first.client("kms").create_key()["KeyMetadata"]["KeyId"]
        secret = first.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
        vpc = first.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        certificate = first.client("acm").request_certificate(DomainName="kept.example.com")["CertificateArn"]
        first.client("ecr").create_repository(repositoryName="kept")
        place = {"CreateBucketConfiguration": {"LocationConstraint": "cn-northwest-1"}}
        first.client("s3").create_bucket(Bucket="kept", **place)
        first.client("s3").put_object(Bucket="kept", Key="k", Body=b"body")
        first.ask("/clock", "POST", days=2)
        ahead = first.ask("/status")["now"]
        assert "Traceback" not in first.output
        assert first.end() == 0, first.output
    assert file.stat().st_mode & 0o077 == 0, "it holds secrets: its owner alone may read it"
    with ServedAccount("--state", str(file)) as second:
        assert second.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"secret"
        assert vpc in [entry["VpcId"] for entry in second.client("ec2").describe_vpcs()["Vpcs"]]
        described = second.client("acm").describe_certificate(CertificateArn=certificate)["Certificate"]
        assert described["DomainName"] == "kept.example.com"
        assert second.client("ecr").describe_repositories()["repositories"][0]["repositoryName"] == "kept"
        assert second.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"body"
        assert second.ask("/status")["now"] >= ahead, "its time goes on"
        second.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
        assert second.ask("/save", "POST") == {"saved": str(file)}
    with ServedAccount("--state", str(file), "--stack", "ap-northeast-1") as third:
        third.process.wait(60)
    assert third.process.returncode == 1 and "resources in cn-northwest-1" in third.output, third.output


HEEDED = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Runs a command that heeds SIGHUP, also where `nohup` ignores it for the tests themselves."""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_the_account_is_saved_when_its_terminal_is_closed_and_however_often_it_is_interrupted(
    tmp_path: Path, number: signal.Signals
) -> None:
    with ServedAccount("--state", str(tmp_path / "account"), prefix=(sys.executable, "-c", HEEDED)) as first:
        first.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")
        deadline = time.monotonic() + 60
        while first.process.poll() is None and time.monotonic() < deadline:
            first.process.send_signal(number)
            time.sleep(0.01)
        assert first.process.returncode == 0, "the signal ends the server"
    with ServedAccount("--state", str(tmp_path / "account")) as second:
        kept = [network["CidrBlock"] for network in second.client("ec2").describe_vpcs()["Vpcs"]]
    assert "10.77.0.0/16" in kept
    assert {file.name for file in tmp_path.iterdir()} == {"account", "account.lock"}, "nothing half written is left"


def test_two_servers_do_not_write_over_each_others_account(tmp_path: Path) -> None:
    with ServedAccount("--state", str(tmp_path / "account")):
        with ServedAccount("--state", str(tmp_path / "account")) as second:
            second.process.wait(60)
        assert (second.process.returncode, "Traceback" in second.output) == (1, False)
        assert f"{tmp_path / 'account'} is in use: another server" in second.output
    with ServedAccount("--state", str(tmp_path / "account")) as third:
        assert third.ask("/save", "POST"), "a server that has ended holds nothing back"


def test_an_account_outlives_the_loss_of_power(tmp_path: Path) -> None:
    with ServedAccount("--state", str(tmp_path / "account")) as first:
        first.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")
        deadline = time.monotonic() + 60
        while not (tmp_path / "account").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        first.process.kill()
        first.process.wait(60)
    with ServedAccount("--state", str(tmp_path / "account")) as second:
        kept = [network["CidrBlock"] for network in second.client("ec2").describe_vpcs()["Vpcs"]]
    assert "10.77.0.0/16" in kept, "Pulumi's state would name what the account lacks"


def test_a_signal_that_nohup_ignores_ends_nothing() -> None:
    with ServedAccount(prefix=("nohup",)) as server:
        server.client("sts").get_caller_identity()
        server.process.send_signal(signal.SIGHUP)
        assert server.client("sts").get_caller_identity()["Account"]
        assert server.process.poll() is None


def test_a_state_file_in_a_folder_that_is_missing_is_refused_at_the_start() -> None:
    with pytest.raises(UserInputError, match=r"--state /nowhere/account: there is no folder /nowhere. Create it"):
        run("cn-northwest-1", 5020, state=Path("/nowhere/account"))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"something else", "is no account"),
        (b"rehearsal account, format 0, moto 1.0\n", "another version"),
        (b"", "is no account"),
        (WRITTEN_HERE + b"\x80\x05]\x94(K", "is damaged"),
        (WRITTEN_HERE + b"\x80\x05\x8c\x04text)R.", "is damaged"),  # the unpickler is to call a text
        (WRITTEN_HERE + b"\x80\x05}.", "is damaged"),  # an empty dict
    ],
)
def test_a_wrong_state_file_is_a_sentence(tmp_path: Path, content: bytes, word: str) -> None:
    file = tmp_path / "account"
    file.write_bytes(content)
    with ServedAccount("--state", str(file)) as server:
        server.process.wait(60)
    assert server.process.returncode == 1
    assert word in server.output and "Traceback" not in server.output
    assert file.read_bytes() == content, "a file that is not ours stays as it is"
