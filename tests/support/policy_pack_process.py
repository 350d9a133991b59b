"""The policy pack as Pulumi's engine sees it: a process that tells its port, and answers over gRPC."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from tests.support.paths import ROOT

PYTHON = ROOT / "policy" / ".venv" / "bin" / "python"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a string that a preview does not know (sdk/go/common/resource/plugin)."""


class Pack:
    """A context manager that holds the running pack."""

    def __enter__(self) -> Pack:
        self._process = subprocess.Popen(  # noqa: S603  (our own pack)
            [str(PYTHON), "-u", str(ROOT / "policy" / "__main__.py")],
            stdout=subprocess.PIPE,
            cwd=ROOT / "policy",
            env={"AWS_REGION": "cn-northwest-1", "PATH": sys.exec_prefix},
        )
        assert self._process.stdout
        port = int(self._process.stdout.readline())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._analyzer = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()

    def policies(self) -> set[str]:
        """Names of the policies that the pack declares."""
        return {policy.name for policy in self._analyzer.GetAnalyzerInfo(Empty()).policies}

    def configure(self, name: str, **values: Any) -> None:
        """Give a policy its configuration, as --policy-pack-config does."""
        properties = Struct()
        properties.update(values)
        config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.MANDATORY, properties=properties)
        self._analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={name: config}))

    def analyze(self, kind: str, inputs: Mapping[str, Any], protect: bool = True) -> list[tuple[str, str]]:
        """(policy, message) of everything that the pack says of a resource."""
        properties = Struct()
        properties.update(dict(inputs))
        options = analyzer_pb2.AnalyzerResourceOptions(protect=protect)
        request = analyzer_pb2.AnalyzeRequest(
            type=kind,
            properties=properties,
            urn=f"urn:pulumi:team::cvat::{kind}::it",
            name="it",
            options=options,
        )
        return [
            (diagnostic.policyName, diagnostic.message) for diagnostic in self._analyzer.Analyze(request).diagnostics
        ]
