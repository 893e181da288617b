// Runs the VS Code extension with an editor that is made up, and prints what came of it.
//
//     node extension.cjs EXTENSION SETTING      SETTING is what `vggdsl.python` says
"use strict";

const Module = require("node:module");
const [, , extension, python] = process.argv;
const said = { messages: [], servers: [], options: [] };
const nothing = () => ({ dispose() {} });

const vscode = {
  window: {
    createOutputChannel: () => ({ info() {}, warn() {}, error() {}, show() {}, dispose() {} }),
    showErrorMessage: async (message, ...offered) => void said.messages.push({ message, offered }),
  },
  commands: { registerCommand: nothing },
  extensions: { getExtension: () => undefined },
  workspace: {
    isTrusted: true,
    workspaceFolders: [],
    getConfiguration: (section) => ({ get: () => python, toJSON: () => `what is set below ${section}` }),
    createFileSystemWatcher: (pattern) => ({ toJSON: () => `changes of ${pattern}` }),
    onDidChangeConfiguration: nothing,
    onDidGrantWorkspaceTrust: nothing,
  },
};

class LanguageClient {
  constructor(id, name, server, { outputChannel, ...options }) {
    said.servers.push([server.command, ...server.args]);
    said.options.push(options);
  }
  async start() {}
}

const load = Module._load;
const madeUp = { vscode, "vscode-languageclient/node": { LanguageClient } };
Module._load = (name, ...rest) => madeUp[name] ?? load(name, ...rest);

require(extension)
  .activate({ subscriptions: [] })
  .then(() => console.log(JSON.stringify(said)));
