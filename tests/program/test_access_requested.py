"""A certificate that ACM issues, in Tokyo. One account serves all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse
from rehearsal.aws.account import Account

TOKYO = "ap-northeast-1"
HOST = "cvat.example.com"


@pytest.fixture(scope="module")
def done(archives: Path) -> Iterator[Rehearsal]:
    with Account() as account:
        zone = account.client("route53", TOKYO).create_hosted_zone(Name="example.com", CallerReference="1")
        config = {
            "cvat:hostName": HOST,
            "cvat:hostedZoneId": zone["HostedZone"]["Id"].rpartition("/")[2],
            "cvat:requestCertificate": True,
            "cvat:waf": True,
            "cvat:wafRuleGroups": ["AWSManagedRulesSQLiRuleSet"],
            "cvat:wafRateLimit": 0,
            "cvat:modelArchives": str(archives),
        }
        done = rehearse(TOKYO, config=config, account=account)
        assert done.error is None, done.error
        yield done


def test_every_check_holds(done: Rehearsal) -> None:
    broken = [finding for verdict in done.checks for finding in verdict.findings]
    assert not broken, broken


def test_acm_issues_the_certificate_once_its_proof_stands_in_the_zone(done: Rehearsal) -> None:
    (summary,) = done.client("acm").list_certificates()["CertificateSummaryList"]
    about = done.client("acm").describe_certificate(CertificateArn=summary["CertificateArn"])["Certificate"]
    assert (about["DomainName"], about["Status"]) == (HOST, "ISSUED")
    expected = about["DomainValidationOptions"][0]["ResourceRecord"]
    (own,) = done.client("route53").list_hosted_zones_by_name(DNSName="example.com")["HostedZones"]
    records = done.client("route53").list_resource_record_sets(HostedZoneId=own["Id"])["ResourceRecordSets"]
    (proof,) = [record for record in records if record["Type"] == "CNAME"]
    assert (proof["Name"], proof["ResourceRecords"]) == (expected["Name"], [{"Value": expected["Value"]}])
    assert [record["Type"] for record in records if record["Name"] == f"{HOST}."] == ["A"]


def test_the_listener_waits_until_the_certificate_is_issued(done: Rehearsal) -> None:
    (secure,) = [record for record in done.of_type("aws:lb/listener:Listener") if record.inputs["protocol"] == "HTTPS"]
    (waited,) = done.of_type("aws:acm/certificateValidation:CertificateValidation")
    assert waited.urn in secure.dependencies, "AWS refuses a listener whose certificate is not issued yet"
    assert secure.inputs["certificateArn"] == waited.outputs["certificateArn"]
    assert done.outputs["url"] == f"https://{HOST}"


def test_without_a_login_the_load_balancer_calls_no_other_host(done: Rehearsal) -> None:
    (group,) = done.client("ec2").describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["alb"]}])[
        "SecurityGroups"
    ]
    assert not [rule for rule in group["IpPermissionsEgress"] if rule["IpRanges"]]


def test_a_chosen_group_stands_alone_and_there_is_no_log_unless_asked_for(done: Rehearsal) -> None:
    waf = done.client("wafv2")
    (listed,) = waf.list_web_acls(Scope="REGIONAL")["WebACLs"]
    (rule,) = waf.get_web_acl(Scope="REGIONAL", Name=listed["Name"], Id=listed["Id"])["WebACL"]["Rules"]
    statement = rule["Statement"]["ManagedRuleGroupStatement"]
    assert statement["Name"] == "AWSManagedRulesSQLiRuleSet"
    assert [override["Name"] for override in statement["RuleActionOverrides"]] == [
        "SQLi_BODY",
        "SQLiExtendedPatterns_BODY",
    ]
    assert not waf.list_logging_configurations(Scope="REGIONAL")["LoggingConfigurations"]
