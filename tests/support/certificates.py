"""Certificates of an authority that only a test believes."""

import ssl
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates; `believing` is a client that believes them."""

    def __init__(self, folder: Path, name: str = "an authority of a test") -> None:
        """`name`: in small letters."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, 0), critical=True)
        self._pem = certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    @property
    def file(self) -> Path:
        """A file with the certificate of this authority."""
        path = self._folder / "authority.pem"
        path.write_text(self._pem)
        return path

    @property
    def directory(self) -> Path:
        """A folder with the certificate of this authority, in which OpenSSL finds it by its name."""
        path = self._folder / "authorities"
        path.mkdir(exist_ok=True)
        # The hash of X509_NAME_hash(3): of the name without what encloses it.
        digest = sha1(self._name.public_bytes()[2:], usedforsecurity=False).digest()
        (path / f"{int.from_bytes(digest[:4], 'little'):08x}.0").write_text(self._pem)
        return path

    @property
    def believing(self) -> ssl.SSLContext:
        """A client that believes this authority and no other."""
        return ssl.create_default_context(cadata=self._pem)

    def server(self, host: str) -> ssl.SSLContext:
        """A server with a certificate for a name or an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([_general_name(host)])
        certificate = self._builder(subject, key).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        file = self._file_of(host)
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def pem_of(self, host: str) -> bytes:
        """Key and certificate of a server that has one."""
        return self._file_of(host).read_bytes()

    def _file_of(self, host: str) -> Path:
        return self._folder / f"{host.replace(':', '_')}.pem"

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
