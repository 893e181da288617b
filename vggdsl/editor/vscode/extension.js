// Starts the language server from a Python in which vggdsl is installed, and says what to do where there is none.
"use strict";

const { execFile } = require("node:child_process");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const PACKAGES = "vggdsl[editor]";
const FIND = `import json, sys
from importlib.util import find_spec
print(json.dumps([sys.executable, [name for name in ("vggdsl", "pygls") if find_spec(name) is None]]))`;
// What lies in the opened folder isn't imported because it is called like a package.
const ENVIRONMENT = { ...process.env, PYTHONSAFEPATH: "1" };

let client, log;
let turn = Promise.resolve(); // one start or stop after another

async function activate(context) {
  log = vscode.window.createOutputChannel("vggdsl", { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("vggdsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("vggdsl.python") && restart()),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  const chosen = (await pythonExtension())?.environments;
  const follow = () => setting() || restart();
  if (chosen) context.subscriptions.push(chosen.onDidChangeActiveEnvironmentPath(follow));
  await restart();
}

function restart() {
  turn = turn.then(stop).then(start).catch((error) => {
    log.error(String(error?.stack ?? error));
    tell(`The language server doesn't start: ${error?.message ?? error}`, {});
  });
  return turn;
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) await running.stop().catch(() => undefined); // one that died needs no stop
}

async function start() {
  const { python, wrong } = await findPython();
  if (wrong) {
    log.error(wrong);
    const install = python && { "Copy command": () => vscode.env.clipboard.writeText(pipInstall(python)) };
    tell(wrong, { ...install, "Choose Python": openSetting, "Retry": restart });
    return;
  }
  log.info(`${python} -m vggdsl lsp`);
  const server = { command: python, args: ["-m", "vggdsl", "lsp"], options: { env: ENVIRONMENT, cwd: folder() } };
  client = new LanguageClient("vggdsl", "vggdsl", server, {
    documentSelector: ["file", "untitled"].map((scheme) => ({ language: "vggdsl", scheme })),
    initializationOptions: vscode.workspace.getConfiguration("vggdsl"),
    synchronize: {
      configurationSection: "vggdsl",
      fileEvents: vscode.workspace.createFileSystemWatcher("**/*.arch"),
    },
    outputChannel: log,
  });
  await client.start();
}

// -- which Python

async function findPython() {
  const named = setting();
  const candidates = named ? [filledIn(named)] : [await ofPythonExtension(), "python3", "python"].filter(Boolean);
  for (const candidate of candidates) {
    const { python, missing, failed } = await lookInto(candidate);
    if (failed) {
      log.info(`${candidate}: ${failed}`);
    } else if (missing.length) {
      return { python, wrong: `Not installed in ${python}: ${missing.join(", ")}. To install: ${pipInstall(python)}` };
    } else {
      return { python };
    }
  }
  const tried = candidates.join(", ");
  return { wrong: named ? `vggdsl.python doesn't start: ${tried}` : `No Python starts, of ${tried}` };
}

function lookInto(candidate) {
  const options = { env: ENVIRONMENT, cwd: __dirname, timeout: 30_000 }; // Windows looks for programs there first
  return new Promise((resolve) =>
    execFile(candidate, ["-c", FIND], options, (error, printed) => {
      try {
        const [python, missing] = JSON.parse(printed);
        resolve({ python, missing });
      } catch {
        resolve({ failed: error?.message ?? `it printed ${printed}` });
      }
    }),
  );
}

async function pythonExtension() {
  const extension = vscode.extensions.getExtension("ms-python.python");
  try {
    return await extension?.activate();
  } catch (error) {
    log.warn(`the Python extension says nothing: ${error.message}`);
    return undefined;
  }
}

async function ofPythonExtension() {
  if (!vscode.workspace.isTrusted) return undefined; // an environment in the folder is the folder's program
  const environments = (await pythonExtension())?.environments;
  const resource = vscode.workspace.workspaceFolders?.[0]?.uri;
  const chosen = environments && (await environments.resolveEnvironment(environments.getActiveEnvironmentPath(resource)));
  return chosen?.executable?.uri?.fsPath;
}

function setting() {
  return vscode.workspace.getConfiguration("vggdsl").get("python", "").trim();
}

function filledIn(named) {
  const whole = named.replaceAll("${workspaceFolder}", folder() ?? ".").replace(/^~(?=[/\\])/, os.homedir());
  return /[/\\]/.test(whole) ? path.resolve(folder() ?? ".", whole) : whole;
}

function folder() {
  return vscode.workspace.workspaceFolders?.find((each) => each.uri.scheme === "file")?.uri.fsPath;
}

// -- what is told

function pipInstall(python) {
  const quoted = /\s/.test(python) ? `"${python}"` : python;
  return `${quoted} -m pip install "${PACKAGES}"`;
}

function openSetting() {
  return vscode.commands.executeCommand("workbench.action.openSettings", "vggdsl.python");
}

async function tell(message, actions) {
  const offered = { ...actions, "Log": () => log.show() };
  const chosen = await vscode.window.showErrorMessage(message, ...Object.keys(offered));
  if (chosen) await offered[chosen]();
}

module.exports = { activate, deactivate: stop };
