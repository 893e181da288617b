"""How the server begins and ends, and what the editor says beside its texts: folders, files, settings."""

import logging
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError

from vggdsl.editor.requests import REQUESTS
from vggdsl.editor.server import Server

_log = logging.getLogger(__name__)


def initialize(server: Server, params: types.InitializeParams) -> None:
    units = server.protocol.workspace.position_encoding
    server.session.units = "utf-8" if units == "utf-8" else "utf-32" if units == "utf-32" else "utf-16"
    folders = [each.uri for each in params.workspace_folders or ()]
    for uri in folders or [each for each in (params.root_uri,) if each]:
        server.session.add_folder(uri)
    _set(server, params.initialization_options)


async def initialized(server: Server, params: types.InitializedParams) -> None:
    """Asks to be told of settings and of files that change, where the editor tells only who asks."""
    try:
        if registrations := [*_registrations(server)]:
            await server.client_register_capability_async(types.RegistrationParams(registrations))
        await _fetch_settings(server)
    except JsonRpcException as error:
        _log.warning("the editor refused: %s", error)


def _registrations(server: Server) -> Iterator[types.Registration]:
    can = server.client_capabilities.workspace
    if can is None:
        return
    settings, files = can.did_change_configuration, can.did_change_watched_files
    if settings is not None and settings.dynamic_registration:
        name = types.WORKSPACE_DID_CHANGE_CONFIGURATION
        yield types.Registration(name, name, types.DidChangeConfigurationRegistrationOptions("vggdsl"))
    if files is not None and files.dynamic_registration:
        name, watchers = types.WORKSPACE_DID_CHANGE_WATCHED_FILES, [types.FileSystemWatcher("**/*.arch")]
        yield types.Registration(name, name, types.DidChangeWatchedFilesRegistrationOptions(watchers))


def folders_changed(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    for folder in params.event.removed:
        server.session.remove_folder(folder.uri)
    for folder in params.event.added:
        server.session.add_folder(folder.uri)
    server.tell_again()


def files_changed(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    server.tell_again()


async def settings_changed(server: Server, params: types.DidChangeConfigurationParams) -> None:
    _set(server, params.settings)
    try:
        await _fetch_settings(server)
        can = server.client_capabilities.workspace
        if can is not None and can.inlay_hint is not None and can.inlay_hint.refresh_support:
            await server.workspace_inlay_hint_refresh_async(None)
    except JsonRpcException as error:
        _log.warning("the editor refused: %s", error)


async def _fetch_settings(server: Server) -> None:
    """Asks for the settings, of an editor that can be asked."""
    can = server.client_capabilities.workspace
    if can is not None and can.configuration:
        asked = types.ConfigurationParams([types.ConfigurationItem(section="vggdsl")])
        for found in await server.workspace_configuration_async(asked):
            _set(server, found)


def _set(server: Server, settings: Any) -> None:
    """Takes the user's settings as they are sent: ``{"inlayHints": false}``, perhaps within ``vggdsl``. Editors send
    all that they have; what is none of ours stays theirs."""
    if isinstance(settings, dict):
        settings = settings.get("vggdsl", settings)
    if isinstance(settings, dict) and isinstance(settings.get("inlayHints"), bool):
        server.session.shows_shapes = settings["inlayHints"]


def shutdown(server: Server, params: None) -> None:
    server.is_shut_down = True


_LIFECYCLE: dict[str, Callable[..., Any]] = {
    types.INITIALIZE: initialize,
    types.INITIALIZED: initialized,
    types.SHUTDOWN: shutdown,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: folders_changed,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: files_changed,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: settings_changed,
}


def _is_mistake(record: logging.LogRecord) -> bool:
    """Whether something went wrong: to refuse a request, such as another name, is an answer."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, JsonRpcException) or isinstance(error, JsonRpcInternalError)


def serve(version: str) -> int:
    """Talks over standard input and output until the editor ends it or is gone. What is logged goes to standard error.

    Returns the exit code: 0 where the editor asked for the end before, as the protocol says.
    """
    stdout, sys.stdout = sys.stdout, sys.stderr  # whatever prints, it doesn't come between messages
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_mistake)
    server = Server(version)
    for name, handler in _LIFECYCLE.items():
        server.feature(name)(partial(handler, server))
    for name, request in REQUESTS.items():
        server.feature(name, request.options)(partial(request.answer, server))
    server.start_io(sys.stdin.buffer, stdout.buffer)
    return 0 if server.is_shut_down else 1
