"""What makes a node ask for a user and speak TLS: certificates, a user and a role, for OpenSearch's security plugin."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["PASSWORD", "SETTINGS", "USER", "make_certificates", "secure"]

USER, PASSWORD = "pincite", "a tern of the sea"
_HASH = "$2y$04$abcdefghijklmnopqrstuuV9eQLqN3lhuXHOFhV2RvTyYEyNw8lYq"

SETTINGS = (
    *(f"plugins.security.ssl.{layer}.pemcert_filepath: tls/node.pem" for layer in ("transport", "http")),
    *(f"plugins.security.ssl.{layer}.pemkey_filepath: tls/node.key" for layer in ("transport", "http")),
    *(f"plugins.security.ssl.{layer}.pemtrustedcas_filepath: tls/ca.pem" for layer in ("transport", "http")),
    "plugins.security.ssl.transport.enforce_hostname_verification: false",
    "plugins.security.ssl.http.enabled: true",
    "plugins.security.allow_default_init_securityindex: true",
    'plugins.security.nodes_dn: ["CN=node"]',
)
"""Further lines of opensearch.yml."""

_FILES = {
    "internal_users.yml": f"""\
_meta: {{type: internalusers, config_version: 2}}
{USER}: {{hash: "{_HASH}", backend_roles: [pincite]}}
""",
    "roles.yml": """\
_meta: {type: roles, config_version: 2}
pincite:
  cluster_permissions: [cluster_monitor, cluster_composite_ops]
  index_permissions:
  - index_patterns: ["pincite-*"]
    allowed_actions: [indices_all]
""",
    "roles_mapping.yml": """\
_meta: {type: rolesmapping, config_version: 2}
pincite: {backend_roles: [pincite]}
""",
}
"""The least that a user of pincite needs."""


def make_certificates(folder: Path, name: str) -> None:
    """Make an authority, and a certificate of a node by it: `ca.pem`, and `NAME.pem` with `NAME.key`."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)  # noqa: S607

    folder.mkdir(parents=True, exist_ok=True)
    key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=tests")
    openssl("req", *key, "-keyout", "raw.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", "raw.key", "-out", f"{name}.key")
    use = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
    (folder / "use").write_text(use)
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "use")
    openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)


def secure(conf: Path, home: Path, certificates: Path) -> None:
    """Put into a node's configuration what the plugin needs; `home` is the server with the plugin."""
    shutil.copytree(certificates, conf / "tls")
    its_own = conf / "opensearch-security"
    shutil.copytree(home / "plugins" / "opensearch-security" / "config", its_own)
    for name, text in _FILES.items():
        (its_own / name).write_text(text)
