"""A server that cannot prove who it is gets no password, and people are told why."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import ssl
from unittest.mock import Mock, patch

from aiohttp import ClientConnectorCertificateError, TCPConnector, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.climkit.api import transport
from custom_components.climkit.const import CONF_ADVANCED, DOMAIN
from tests.conftest import Home, account_entry
from tests.simulator import DEFAULT_PASSWORD, DEFAULT_USERNAME


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that nobody vouches for.

    It is made before the clock stops: its library takes datetimes of that class only that stands
    for them when it makes the first.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Impostor:
    """Answers everything, to whoever believes it."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        return web.json_response([])


@pytest.fixture
async def impostor(socket_enabled: None, self_signed: ssl.SSLContext) -> AsyncIterator[Impostor]:
    """A server with a certificate of its own making."""
    impostor = Impostor()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", impostor.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self_signed).start()
    impostor.url = f"https://127.0.0.1:{runner.addresses[0][1]}/api/v1"
    yield impostor
    await runner.cleanup()


# Answers to a handshake: of a server without TLS, and TLS's own alerts (RFC 8446, 6).
UNREADY = {
    "plain HTTP": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "handshake failure": b"\x15\x03\x03\x00\x02\x02\x28",
    "internal error": b"\x15\x03\x03\x00\x02\x02\x50",
    "cut": b"",
}


@pytest.mark.parametrize("unready", UNREADY)
async def test_other_trouble(home: Home, socket_enabled: None, unready: str) -> None:
    """A gateway that is being deployed is tried again as any trouble is, and nobody is told."""
    tries = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.read(1)
        writer.write(UNREADY[unready])
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        home.entry = account_entry(f"https://127.0.0.1:{port}/api/v1")
        await home.begin()
    assert tries == transport.ATTEMPTS
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "cannot_connect"
    issue_id = f"certificate_{home.entry.entry_id}"
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)


async def test_account(home: Home, impostor: Impostor) -> None:
    """Set-up is tried again; a repair says why, until a server answers that is the right one."""
    good, home.entry = home.entry, account_entry(impostor.url)
    await home.begin()
    assert home.entry.state is ConfigEntryState.SETUP_RETRY
    assert home.entry.error_reason_translation_key == "bad_certificate"
    issue_id = f"certificate_{home.entry.entry_id}"
    issue = ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.translation_placeholders == {"host": "127.0.0.1"}
    assert not home.hass.config_entries.flow.async_progress()
    assert not impostor.paths
    home.hass.config_entries.async_update_entry(home.entry, data=good.data)
    await home.restart()
    assert home.entry.state is ConfigEntryState.LOADED
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)


@pytest.mark.parametrize("is_running", [False, True], ids=["at a start", "running"])
async def test_becomes_valid(home: Home, is_running: bool) -> None:
    """All goes on by itself, and the repair goes."""
    issue_id = f"certificate_{home.entry.entry_id}"
    key = Mock(host="127.0.0.1", port=443, is_ssl=True)
    error = ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("expired"))
    if is_running:
        await home.set_up()
    with patch.object(TCPConnector, "connect", side_effect=error):
        if is_running:
            for _ in range(2):
                await home.turn_clock(minutes=15)
        else:
            await home.begin()
        assert ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)
    await home.turn_clock(minutes=30)
    await home.let_set_up_end()
    assert home.entry.state is ConfigEntryState.LOADED
    assert home.sites[0].coordinator.last_update_success
    await home.turn_clock(minutes=15)
    assert not ir.async_get(home.hass).async_get_issue(DOMAIN, issue_id)


async def test_removed_account(home: Home, impostor: Impostor) -> None:
    """Nothing is told of what is gone."""
    home.entry = account_entry(impostor.url)
    await home.begin()
    assert [issue for domain, issue in ir.async_get(home.hass).issues if domain == DOMAIN]
    await home.hass.config_entries.async_remove(home.entry.entry_id)
    assert not [issue for domain, issue in ir.async_get(home.hass).issues if domain == DOMAIN]


async def test_form(home: Home, impostor: Impostor) -> None:
    """The form says it in its own words."""
    flow = await home.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    answer = {
        CONF_USERNAME: DEFAULT_USERNAME,
        CONF_PASSWORD: DEFAULT_PASSWORD,
        CONF_ADVANCED: {CONF_URL: impostor.url},
    }
    flow = await home.hass.config_entries.flow.async_configure(flow["flow_id"], answer)
    assert flow["errors"] == {"base": "bad_certificate"}
    assert not impostor.paths
