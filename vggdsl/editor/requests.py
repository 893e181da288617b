"""The requests that are answered about texts, each with its function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from vggdsl.editor import reading_requests, word_requests
from vggdsl.editor.actions import KINDS
from vggdsl.editor.messages import LEGEND


@dataclass(frozen=True)
class Request:
    """What answers it, and what the editor is told of it beside that it is answered."""

    answer: Callable[..., Any]
    options: Any = None


REQUESTS = {
    types.TEXT_DOCUMENT_DIAGNOSTIC: Request(
        reading_requests.document_diagnostic,
        types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier="vggdsl"),
    ),
    types.TEXT_DOCUMENT_HOVER: Request(reading_requests.hovering),
    types.TEXT_DOCUMENT_CODE_ACTION: Request(reading_requests.code_action, types.CodeActionOptions(KINDS)),
    types.TEXT_DOCUMENT_CODE_LENS: Request(reading_requests.code_lens),
    types.TEXT_DOCUMENT_INLAY_HINT: Request(reading_requests.inlay_hint),
    types.TEXT_DOCUMENT_FORMATTING: Request(reading_requests.formatting),
    types.TEXT_DOCUMENT_COMPLETION: Request(
        word_requests.completion, types.CompletionOptions(trigger_characters=["=", "(", '"', "$"])
    ),
    types.TEXT_DOCUMENT_DEFINITION: Request(word_requests.definition),
    types.TEXT_DOCUMENT_REFERENCES: Request(word_requests.references),
    types.TEXT_DOCUMENT_PREPARE_RENAME: Request(word_requests.prepare_rename),
    types.TEXT_DOCUMENT_RENAME: Request(word_requests.renaming, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: Request(word_requests.document_symbol),
    types.TEXT_DOCUMENT_FOLDING_RANGE: Request(word_requests.folding_range),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: Request(word_requests.semantic_tokens, LEGEND),
}
