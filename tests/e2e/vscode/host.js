/**
 * What VS Code's Jupyter extension does in the notebook webview, in a plain page: VS Code's own
 * widget bundle, over a real kernel whose binary frames travel as arrays of numbers.
 */
import { KernelAPI, KernelConnection, ServerConnection } from "@jupyterlab/services";
import { activate } from "@vscode/jupyter-ipywidgets8/dist/ipywidgets.js";
import anywidget from "source:anywidget";
import requirejs from "source:requirejs";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/** Binary data leaves VS Code's processes as `[...new Uint8Array(data)]` in JSON. */
const throughJson = (data) => {
  if (typeof data === "string") return data;
  const bytes = data instanceof ArrayBuffer ? data : data.buffer;
  return new Uint8Array(JSON.parse(JSON.stringify([...new Uint8Array(bytes)]))).buffer;
};

function runScript(source) {
  const script = document.createElement("script");
  script.textContent = source;
  document.head.append(script);
}

function loadWidgets() {
  runScript(requirejs);
  activate();
  window.vscIPyWidgets8.load();
  runScript(anywidget.replace('define(["@jupyter-widgets/base"]', 'define("anywidget", ["@jupyter-widgets/base"]'));
}

/** The real kernel, which runs the code; its socket is tapped for the webview's copy. */
async function realKernel(baseUrl, onFrame) {
  let socket;
  class TappedSocket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      this.binaryType = "arraybuffer";
      socket = this;
      this.addEventListener("message", ({ data }) => onFrame(data));
    }
  }
  const settings = ServerConnection.makeSettings({
    baseUrl,
    wsUrl: baseUrl.replace(/^http/, "ws"),
    WebSocket: TappedSocket,
    token: "",
    appendToken: false,
  });
  const model = await KernelAPI.startNew({ name: "python3" }, settings);
  const kernel = new KernelConnection({ model, serverSettings: settings, handleComms: false });
  await kernel.info;
  return { kernel, send: (data) => socket.send(data), protocol: () => socket.protocol };
}

/** The webview's kernel: no socket of its own, only frames handed to it. */
function webviewKernel({ kernel: real, protocol }, sendFrame) {
  let socket;
  class HandedSocket {
    constructor() {
      socket = this;
      this.protocol = protocol();
      this.readyState = 1;
    }
    send(data) {
      sendFrame(data);
    }
    close() {}
  }
  const kernel = new KernelConnection({
    serverSettings: ServerConnection.makeSettings({
      WebSocket: HandedSocket,
      wsUrl: "ws://webview.invalid",
    }),
    clientId: real.clientId,
    username: real.username,
    model: real.model,
    handleComms: true,
  });
  const ask = kernel.requestKernelInfo.bind(kernel);
  kernel.requestKernelInfo = () => Promise.resolve(); // the webview's kernel is not asked again
  socket.onopen?.({ target: socket });
  kernel.requestKernelInfo = ask;
  return { kernel, receive: (data) => socket.onmessage?.({ target: socket, data, type: "" }) };
}

async function modelOf(manager, id) {
  for (let tries = 0; tries < 400; tries++) {
    if (manager.has_model(id)) return manager.get_model(id);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no widget model ${id}`);
}

/** Show an output as the renderer does: on a panel that is white in every theme. */
async function show(manager, output, container) {
  if (!output[WIDGET]) {
    container.append(Object.assign(document.createElement("pre"), { textContent: output["text/plain"] }));
    return;
  }
  const panel = document.createElement("div");
  panel.className = "cell-output-ipywidget-background";
  container.append(panel);
  const model = await modelOf(manager, output[WIDGET].model_id);
  const view = await manager.create_view(model, { el: panel });
  await manager.display_view(output[WIDGET], view, { node: panel });
}

/** Start a kernel; `run(code)` returns what it printed and shows its outputs in the page. */
export async function start(baseUrl) {
  loadWidgets();
  let webview;
  const early = [];
  const real = await realKernel(baseUrl, (data) => {
    const frame = throughJson(data);
    webview ? webview.receive(frame) : early.push(frame);
  });
  webview = webviewKernel(real, (data) => real.send(throughJson(data)));
  for (const frame of early) webview.receive(frame);
  const loader = {
    widgetsRegisteredInRequireJs: new Set(["anywidget"]),
    loadWidgetScript: async () => {},
    successHandler() {},
    errorHandler: (...what) => console.error("widget not loaded", ...what.map(String)),
  };
  const manager = new window.vscIPyWidgets.WidgetManager(webview.kernel, document.body, loader, () => {});

  return {
    async run(code) {
      let printed = "";
      const shown = [];
      const future = real.kernel.requestExecute({ code });
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === "stream") printed += content.text;
        if (header.msg_type === "error") throw new Error(content.traceback.join("\n"));
        if (!content.data) return;
        const output = Object.assign(document.createElement("div"), { className: "output" });
        document.querySelector("main").append(output);
        shown.push(show(manager, content.data, output));
      };
      const reply = await future.done;
      if (reply.content.status !== "ok") throw new Error(`${reply.content.ename}: ${reply.content.evalue}`);
      await Promise.all(shown);
      return printed;
    },
    stop: () => real.kernel.shutdown(),
  };
}

window.startHost = async (baseUrl) => {
  window.host = await start(baseUrl);
};
