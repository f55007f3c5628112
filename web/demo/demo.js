/* The page of `ticketgate demo`, Apache-2.0. Its sources are below web/demo/src. */

// demo/src/account.ts
import { Kerberos, NegotiateChallengeHandler, TggTransport } from "./ticketgate.js";

// demo/src/dom.ts
function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) {
    throw new Error(`the page has no ${id}`);
  }
  return element;
}
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}
function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, attributes, children);
  return element;
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
}
function tell(line2, mood, words) {
  line2.dataset["mood"] = mood;
  line2.textContent = words;
}
function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void resting(form.querySelectorAll("button"), act);
  });
}
function onClick(button, act) {
  button.addEventListener("click", () => void resting([button], act));
}
async function resting(buttons, act) {
  const all = [...buttons];
  if (all.some((button) => button.getAttribute("aria-disabled") === "true")) {
    return;
  }
  for (const button of all) {
    button.setAttribute("aria-disabled", "true");
  }
  try {
    await act();
  } finally {
    for (const button of all) {
      button.removeAttribute("aria-disabled");
    }
  }
}
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}
var CLOCK = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3
});
function timeOfDay(at) {
  return CLOCK.format(at);
}
function socketAt(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

// demo/src/exchanges.ts
var COARSE = 100;
var Exchanges = class {
  #begun;
  #patience;
  #open = [];
  /** Who asks. */
  client = "";
  /**
   * @param begun is shown each exchange as soon as its question is sent
   * @param patience milliseconds in which the KDC's word is awaited, once its answer is here
   */
  constructor(begun, patience = 2e3) {
    this.#begun = begun;
    this.#patience = patience;
  }
  /** A message passed between the page and the gateway. */
  message(event) {
    if (event.direction === "sent") {
      this.#asked(event);
      return;
    }
    const open = this.#open.find(({ reply: reply2 }) => reply2 === void 0);
    if (open !== void 0) {
      open.reply = event;
      open.answer(event);
      if (open.isTold) {
        this.#drop(open);
      } else {
        open.timer = setTimeout(() => this.#close(open, void 0), this.#patience);
      }
    }
  }
  /** The KDC told of an exchange, of this page or of another. */
  told(event) {
    const open = this.#open.find(
      ({ kind, asked: asked2, reply: reply2, isTold }) => !isTold && kind === event.kind && (event.client === null || event.client === this.client) && event.at >= asked2.at - COARSE && (reply2 === void 0 || event.at <= reply2.at + COARSE) && (reply2 === void 0 || reply2.kind === "KRB-ERROR" === (event.code !== 0))
    );
    if (open !== void 0) {
      this.#close(open, event);
    }
  }
  /** No answer will come to what has none: the gateway is gone, or the user. */
  ended() {
    for (const open of this.#open.filter(({ reply: reply2 }) => reply2 === void 0)) {
      open.answer(void 0);
      open.tell(void 0);
    }
    this.#open = this.#open.filter(({ reply: reply2 }) => reply2 !== void 0);
  }
  #asked(asked2) {
    let tell2 = () => {
    };
    let answer = () => {
    };
    const told = new Promise((resolve) => tell2 = resolve);
    const answered2 = new Promise((resolve) => answer = resolve);
    const kind = asked2.kind === "AS-REQ" ? "AS" : asked2.kind === "TGS-REQ" ? "TGS" : "password change";
    const fresh = { isTold: false, reply: void 0, timer: void 0 };
    const open = { kind, asked: asked2, told, answered: answered2, tell: tell2, answer, ...fresh };
    this.#open.push(open);
    this.#begun(open);
  }
  #close(open, event) {
    clearTimeout(open.timer);
    open.isTold = true;
    open.tell(event);
    if (open.reply !== void 0) {
      this.#drop(open);
    }
  }
  #drop(open) {
    this.#open = this.#open.filter((other) => other !== open);
  }
};

// demo/src/account.ts
var Account = class {
  #realm;
  #spn;
  #kerberos;
  #exchanges;
  #login;
  #ticket;
  /** Nobody yet. `begun` is shown every exchange with the KDC. */
  constructor(realm, spn, begun) {
    this.#realm = realm;
    this.#spn = spn;
    this.#exchanges = new Exchanges(begun);
    this.#kerberos = new Kerberos({
      transport: new TggTransport(socketAt("/tgg")),
      observe: (event) => this.#exchanges.message(event)
    });
  }
  /** The user, with the realm. */
  get principal() {
    return this.#login?.principal;
  }
  /** What tickets there are, the one that gets the others first. */
  get tickets() {
    const login = this.#login;
    if (login === void 0) {
      return [];
    }
    const granting = { server: `krbtgt/${login.realm}@${login.realm}`, expires: login.expires };
    return [granting, ...this.#ticket === void 0 ? [] : [this.#ticket]];
  }
  /** The login that tickets come from; `null` while there is none. */
  get login() {
    return this.#login ?? null;
  }
  /** Answers gateways that want a ticket, as long as somebody is logged in. */
  handler = new NegotiateChallengeHandler(() => this.login);
  /** The KDC told of an exchange. */
  told(event) {
    this.#exchanges.told(event);
  }
  /** Logs in, and gets the ticket for the services of this page. Whoever was logged in is not any more. */
  async enter(name, password) {
    this.forget();
    await this.#asking(name, async (principal) => {
      const login = await this.#kerberos.login(principal, password);
      this.#ticket = await login.ticket(this.#spn);
      this.#login = login;
    });
  }
  /** Changes a password. */
  async change(name, old, fresh) {
    await this.#asking(name, (principal) => this.#kerberos.changePassword(principal, old, fresh));
  }
  /** Throws away all tickets. */
  forget() {
    this.#login?.logout();
    this.#login = void 0;
    this.#ticket = void 0;
  }
  async #asking(name, ask) {
    const principal = `${name}@${this.#realm}`;
    this.#exchanges.client = principal;
    try {
      await ask(principal);
    } catch (error) {
      this.#exchanges.ended();
      throw error;
    }
  }
};

// demo/src/attempts.ts
import { ChallengeResponse, NegotiateChallengeHandler as NegotiateChallengeHandler2 } from "./ticketgate.js";

// demo/src/visit.ts
import { HandshakeErrorEvent, WebSocket } from "./ticketgate.js";
async function visit(theatre, wishes) {
  const { path, title, handler, heard, closed, shown } = wishes;
  const conversation = theatre.door(title);
  const socket = new WebSocket(socketAt(path), [], {
    challengeHandler: handler,
    observe: (event) => {
      conversation.observe(event);
      const credentials = /^Authorization: (.*)$/m.exec(event.text)?.[1];
      if (credentials !== void 0) {
        shown?.(credentials.trim());
      }
    }
  });
  socket.onmessage = ({ data }) => heard?.(String(data));
  const error = await new Promise((resolve) => {
    socket.onopen = () => resolve(void 0);
    socket.onerror = (event) => {
      if (event instanceof HandshakeErrorEvent) {
        resolve(event.error);
      }
    };
  });
  if (error !== void 0) {
    await conversation.ended(false, error.status === void 0 ? "not opened" : `refused: ${error.status}`);
    return { error };
  }
  socket.onclose = () => {
    conversation.closed();
    closed?.();
  };
  await conversation.ended(true, "open");
  return { socket };
}
function echoed(socket, text) {
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.addEventListener("close", () => reject(new Error("the socket was closed")));
    socket.send(text);
  });
}

// demo/src/attempts.ts
function attempts(account, theatre) {
  attempt("plain", async () => {
    const code = await plain();
    return code === void 0 ? void 0 : `its own WebSocket is closed with the code ${code} before it was open. Browsers tell a page no more than that`;
  });
  attempt("silent", async () => {
    const outcome = await visit(theatre, { path: "/echo", title: "Echo, with nothing to show", handler: SILENT });
    return outcomeOf(outcome);
  });
  attempt("tampered", async () => {
    const { login } = account;
    if (login === null) {
      return null;
    }
    const handler = new NegotiateChallengeHandler2(() => tampered(login));
    return outcomeOf(await visit(theatre, { path: "/echo", title: "Echo, with a changed ticket", handler }));
  });
  attempt("replayed", async () => {
    if (account.login === null) {
      return null;
    }
    let used = "";
    const first = { path: "/echo", title: "Echo, listened to", handler: account.handler };
    const { socket } = await visit(theatre, { ...first, shown: (credentials) => used = credentials });
    socket?.close(1e3);
    const again = { path: "/echo", title: "Echo, with the same request", handler: showing(used) };
    return outcomeOf(await visit(theatre, again));
  });
}
function attempt(id, make2) {
  const said = byId(`${id}-said`, HTMLElement);
  onClick(byId(id, HTMLButtonElement), async () => {
    tell(said, "wait", "Trying …");
    const outcome = await make2();
    if (outcome === null) {
      tell(said, "wait", "Log in first: this needs a ticket.");
    } else if (outcome === void 0) {
      tell(said, "bad", "It opened, and should not have.");
    } else {
      tell(said, "good", `Refused, as it should be: ${outcome}.`);
    }
  });
}
function outcomeOf({ socket, error }) {
  socket?.close(1e3);
  return error && (error.status === void 0 ? error.message : `the gateway answers ${error.status}, and nothing else`);
}
function plain() {
  return new Promise((resolve) => {
    const socket = new globalThis.WebSocket(socketAt("/echo"));
    socket.onopen = () => {
      resolve(void 0);
      socket.close();
    };
    socket.onclose = ({ code }) => resolve(code);
  });
}
var SILENT = { canHandle: () => true, handle: () => null };
function showing(credentials) {
  return {
    canHandle: ({ attempt: attempt2 }) => attempt2 === 1,
    handle: () => new ChallengeResponse(credentials)
  };
}
function tampered(login) {
  return {
    async ticket(spn) {
      const ticket2 = await login.ticket(spn);
      return {
        async context() {
          const context = await ticket2.context();
          const token = context.token.slice();
          const middle = token.length >> 1;
          token[middle] = (token[middle] ?? 0) ^ 1;
          return {
            token,
            reply: (answer) => context.reply(answer),
            get isMutual() {
              return context.isMutual;
            }
          };
        }
      };
    }
  };
}

// demo/src/refusal.ts
function refusalOf({ failure, status, message }) {
  if (status === 401) {
    return "Refused: 401. The gateway wants proof, and there was none that it takes.";
  }
  if (status === 403) {
    return "Refused: 403. The gateway knows who this is, or what was shown, and does not open.";
  }
  return failure === "unreachable" ? "Nobody answers there." : `Not opened: ${message}.`;
}

// demo/src/chat.ts
var KEPT = 100;
function chat(account, theatre) {
  const join = byId("chat-join", HTMLButtonElement);
  const form = byId("chat-form", HTMLFormElement);
  const text = byId("chat-text", HTMLInputElement);
  const said = byId("chat-said", HTMLElement);
  const here = byId("chat-here", HTMLElement);
  const log = byId("chat-log", HTMLElement);
  let socket;
  const show = () => {
    join.hidden = socket !== void 0;
    form.hidden = socket === void 0;
    here.hidden = socket === void 0;
  };
  const heard = (message) => {
    const told = JSON.parse(message);
    log.append(line(told, account.principal));
    while (log.children.length > KEPT) {
      log.firstElementChild?.remove();
    }
    log.scrollTop = log.scrollHeight;
    if (told.kind !== "said") {
      here.textContent = `Here: ${told.here.join(", ")}`;
    }
  };
  const closed = () => {
    socket = void 0;
    show();
    tell(said, "", "You have left.");
  };
  onClick(join, async () => {
    tell(said, "wait", "Knocking …");
    const wishes = { path: "/chat", title: "Chat", handler: account.handler, heard, closed };
    const { socket: opened, error } = await visit(theatre, wishes);
    if (error !== void 0) {
      const who = account.principal;
      const isKnown = error.status === 403 && who !== void 0;
      tell(said, "bad", isKnown ? `Refused: 403. The gateway knows you as ${who}, who is not of the staff.` : refusalOf(error));
      return;
    }
    socket = opened;
    show();
    tell(said, "good", "You are in. The gateway told the chat who you are.");
    text.focus();
  });
  onSubmit(form, () => {
    if (text.value.trim() !== "") {
      socket?.send(JSON.stringify({ text: text.value }));
      text.value = "";
    }
  });
  const leave = () => socket?.close(1e3);
  onClick(byId("chat-leave", HTMLButtonElement), () => {
    leave();
    join.hidden = false;
    join.focus();
  });
  return leave;
}
function line(told, own) {
  const time = make("time", { datetime: new Date(told.at).toISOString() }, timeOfDay(told.at).slice(0, 5));
  if (told.kind !== "said") {
    return make("li", { class: "moved" }, `${told.who} ${told.kind} `, time);
  }
  const kind = told.who === own ? "spoken own" : "spoken";
  return make("li", { class: kind }, make("strong", {}, told.who), " ", time, make("p", {}, told.text));
}

// demo/src/plan.ts
var WIDE = {
  width: 1120,
  height: 356,
  isWide: true,
  boxes: {
    browser: { x: 8, y: 34, width: 214, height: 312 },
    tgg: { x: 430, y: 34, width: 196, height: 140 },
    kdc: { x: 906, y: 34, width: 206, height: 140 },
    tpg: { x: 430, y: 206, width: 196, height: 140 },
    services: { x: 906, y: 206, width: 206, height: 140 }
  },
  wall: { x: 745, y: 34, width: 42, height: 312 },
  zones: [
    { x: 8, y: 18, words: "the internet" },
    { x: 430, y: 18, words: "the edge: ticketgate" },
    { x: 906, y: 18, words: "inside" }
  ]
};
var TALL = {
  width: 320,
  height: 534,
  isWide: false,
  boxes: {
    browser: { x: 2, y: 20, width: 316, height: 118 },
    tgg: { x: 2, y: 222, width: 150, height: 78 },
    kdc: { x: 2, y: 438, width: 150, height: 78 },
    tpg: { x: 168, y: 222, width: 150, height: 78 },
    services: { x: 168, y: 438, width: 150, height: 78 }
  },
  wall: { x: 2, y: 354, width: 316, height: 28 },
  zones: [
    { x: 2, y: 12, words: "the internet" },
    { x: 2, y: 531, words: "inside" }
  ]
};
var STEPS = [
  { id: "1", from: "browser", to: "tgg", lane: 0, words: "AS-REQ" },
  { id: "2", from: "tgg", to: "kdc", lane: 0, words: "" },
  { id: "3", from: "kdc", to: "tgg", lane: 1, words: "" },
  { id: "4", from: "tgg", to: "browser", lane: 1, words: "AS-REP" },
  { id: "5", from: "browser", to: "tgg", lane: 2, words: "TGS-REQ" },
  { id: "6", from: "tgg", to: "kdc", lane: 2, words: "" },
  { id: "7", from: "kdc", to: "tgg", lane: 3, words: "" },
  { id: "8", from: "tgg", to: "browser", lane: 3, words: "TGS-REP" }
];
var DOOR = [
  { id: "a", from: "browser", to: "tpg", lane: 0, words: "GET" },
  { id: "b", from: "tpg", to: "browser", lane: 1, words: "401" },
  { id: "c", from: "browser", to: "tpg", lane: 2, words: "GET, ticket" },
  { id: "d", from: "tpg", to: "browser", lane: 3, words: "101, proof" },
  { id: "socket", from: "tpg", to: "services", lane: 1.5, words: "" }
];
var NAMES = {
  browser: "browser",
  tgg: "TGG",
  kdc: "KDC",
  tpg: "TPG",
  services: "service"
};
var LABELS = {
  browser: ["Your browser"],
  tgg: ["TGG", "ticket-granting gateway", "relays, holds no key"],
  kdc: ["KDC", "makes tickets,", "is never exposed"],
  tpg: ["TPG", "ticket-protected gateway", "opens to tickets alone"],
  services: ["Services", "echo and chat, which", "see no ticket at all"]
};

// demo/src/diagram.ts
var HEAD = 7;
var SLOT = 14;
var RADIUS = 10;
var Diagram = class {
  #frame;
  #narrow = matchMedia("(max-width: 44rem)");
  #lit = /* @__PURE__ */ new Set();
  /** What passes on an arrow, where it is not what usually does. */
  #words = /* @__PURE__ */ new Map();
  #user = "nobody yet";
  #tickets = [];
  #latest = "";
  constructor(frame) {
    this.#frame = frame;
    this.#narrow.addEventListener("change", () => this.#redraw());
    this.#redraw();
  }
  /** Lights an arrow, and says what passes. */
  light(id, words) {
    this.#lit.add(id);
    this.#latest = id;
    if (words !== void 0) {
      this.#words.set(id, words);
    }
    this.#show();
  }
  /** Puts out these arrows. */
  dim(ids) {
    for (const id of ids) {
      this.#lit.delete(id);
      this.#words.delete(id);
    }
    this.#show();
  }
  /** Says who is in the browser, and which tickets that user has. */
  own(user, tickets) {
    this.#user = user ?? "nobody yet";
    this.#tickets = tickets;
    this.#redraw();
  }
  #redraw() {
    this.#frame.replaceChildren(picture(this.#narrow.matches ? TALL : WIDE, this.#user, this.#tickets));
    this.#show();
  }
  #show() {
    for (const { id, words } of [...STEPS, ...DOOR]) {
      const arrow = this.#frame.querySelector(`[data-arrow="${id}"]`);
      arrow?.setAttribute("data-state", this.#lit.has(id) ? "lit" : "idle");
      arrow?.toggleAttribute("data-latest", id === this.#latest && this.#lit.has(id));
      const label = arrow?.querySelector(".words");
      if (label) {
        label.textContent = this.#words.get(id) ?? words;
      }
    }
  }
};
function picture(plan, user, tickets) {
  const words = "A browser on the internet talks to two gateways at the edge. The ticket-granting gateway passes its requests through a wall to the KDC; the ticket-protected gateway opens sockets through the wall to services.";
  const places = ["browser", "tgg", "kdc", "tpg", "services"];
  return draw(
    "svg",
    { viewBox: `0 0 ${plan.width} ${plan.height}`, class: plan.isWide ? "wide" : "tall", role: "img", "aria-label": words },
    draw(
      "defs",
      {},
      draw(
        "pattern",
        { id: "bricks", width: 28, height: 20, patternUnits: "userSpaceOnUse" },
        draw("rect", { class: "mortar", width: 28, height: 20 }),
        ...[
          [1, 1],
          [-13, 11],
          [15, 11]
        ].map(([x = 0, y = 0]) => draw("rect", { class: "brick", x, y, width: 26, height: 8, rx: 1 }))
      )
    ),
    ...plan.zones.map(({ x, y, words: words2 }) => draw("text", { class: "zone", x, y }, words2)),
    ...wall(plan),
    ...places.map((place) => box(plan, place, user, tickets)),
    ...[...STEPS, ...DOOR].map((arrow) => drawn(plan, arrow))
  );
}
function wall(plan) {
  const { wall: wall2, boxes, isWide } = plan;
  const slots = [...STEPS, ...DOOR].flatMap(({ from, to, lane }) => {
    const gateway = [from, to].find((place2) => place2 === "tgg" || place2 === "tpg") ?? "tgg";
    const at = beside(plan, boxes[gateway], lane) - SLOT / 2;
    const place = isWide ? { x: wall2.x - 1, y: at, width: wall2.width + 2, height: SLOT } : { x: at, y: wall2.y - 1, width: SLOT, height: wall2.height + 2 };
    return from === "browser" || to === "browser" ? [] : [draw("rect", { class: "slot", ...place })];
  });
  return [draw("rect", { class: "wall", rx: 2, ...wall2 }), ...slots];
}
function beside({ isWide }, { x, y, width, height }, lane) {
  const [begin2, room] = isWide ? [y, height] : [x, width];
  return begin2 + room * (lane + 0.5) / 4;
}
function box(plan, place, user, tickets) {
  const { x, y, width, height } = plan.boxes[place];
  const [title = "", ...more] = LABELS[place];
  const isBrowser = place === "browser";
  const isGateway = place === "tgg" || place === "tpg";
  const top = isBrowser ? y + (plan.isWide ? 62 : 50) : y + height / 2 - more.length * 17 / 2 + 5;
  const left = isBrowser ? x + 16 : x + width / 2;
  const lines = isBrowser ? [user] : more;
  return draw(
    "g",
    { class: `box ${isBrowser ? "browser" : ""} ${isGateway ? "gateway" : ""}` },
    draw("rect", { x, y, width, height, rx: 12 }),
    ...isBrowser ? bar(plan.boxes.browser) : [],
    draw("text", { class: "title", x: left, y: top }, title),
    ...lines.map((line2, at) => draw("text", { class: "line", x: left, y: top + 19 + at * 17 }, line2)),
    ...isBrowser ? tickets.map((name, at) => ticket(plan, name, at)) : []
  );
}
function bar({ x, y, width }) {
  const dots = [0, 1, 2].map((at) => draw("circle", { class: "dot", cx: x + 18 + at * 14, cy: y + 14, r: 4 }));
  return [draw("path", { class: "bar", d: `M${x} ${y + 28}h${width}` }), ...dots];
}
function ticket({ boxes, isWide }, name, at) {
  const { x, y, width } = boxes.browser;
  const [wide, high, notch] = [isWide ? width - 32 : 136, isWide ? 54 : 30, 6];
  const [left, top] = isWide ? [x + 16, y + 112 + at * 72] : [x + 16 + at * 148, y + 78];
  const middle = (high - 2 * notch) / 2;
  const side = (sweep) => `v${sweep * middle}a${notch} ${notch} 0 0 0 0 ${sweep * 2 * notch}v${sweep * middle}`;
  return draw(
    "g",
    { class: "ticket" },
    draw("path", { d: `M${left} ${top}h${wide}${side(1)}h${-wide}${side(-1)}z` }),
    draw("text", { x: left + wide / 2, y: top + high / 2 + 4 }, name)
  );
}
function drawn(plan, { id, from, to, lane, words }) {
  const [begin2, end] = [plan.boxes[from], plan.boxes[to]];
  const gateway = from === "tgg" || from === "tpg" ? begin2 : end;
  const ends = plan.isWide ? [begin2, end] : [begin2, end].map(turned);
  const isForward = ends[0].x < ends[1].x;
  const start = isForward ? ends[0].x + ends[0].width + 4 : ends[0].x - 4;
  const stop = isForward ? ends[1].x - 4 : ends[1].x + ends[1].width + 4;
  const at = beside(plan, gateway, lane);
  const way = isForward ? 1 : -1;
  const point = (along, beside2) => plan.isWide ? `${along} ${beside2}` : `${beside2} ${along}`;
  const head = `M${point(stop - way * HEAD, at - HEAD * 0.7)}L${point(stop, at)}L${point(stop - way * HEAD, at + HEAD * 0.7)}`;
  const tail = `M${point(start + way * HEAD, at - HEAD * 0.7)}L${point(start, at)}L${point(start + way * HEAD, at + HEAD * 0.7)}`;
  const isStep = /^[1-8]$/.test(id);
  const badge = start + way * (plan.isWide ? 24 : 22);
  const [cx, cy] = plan.isWide ? [badge, at] : [at, badge];
  const room = { x: (start + stop) / 2 + way * RADIUS, y: at + 4 };
  return draw(
    "g",
    { class: "arrow", "data-arrow": id, "data-state": "idle", ...isStep && { "data-step": id } },
    draw("path", { class: "shaft", d: `M${point(start, at)}L${point(stop, at)}`, pathLength: 1 }),
    draw("path", { class: "head", d: id === "socket" ? head + tail : head }),
    ...id === "socket" ? [] : [
      draw("circle", { cx, cy, r: RADIUS }),
      draw("text", { class: "number", x: cx, y: cy + 4 }, id)
    ],
    ...plan.isWide && words !== "" ? [draw("text", { class: "words", ...room }, words)] : []
  );
}
function turned({ x, y, width, height }) {
  return { x: y, y: x, width: height, height: width };
}

// demo/src/doors.ts
import { BasicChallengeHandler, ChallengeResponse as ChallengeResponse2, PasswordAuthentication } from "./ticketgate.js";
function doors(theatre) {
  passwords(theatre);
  codes(theatre);
}
function passwords(theatre) {
  const form = byId("basic-form", HTMLFormElement);
  const open = byId("basic-open", HTMLButtonElement);
  const name = byId("basic-user", HTMLInputElement);
  const password = byId("basic-password", HTMLInputElement);
  const question = byId("basic-question", HTMLElement);
  const said = byId("basic-said", HTMLElement);
  let answer;
  const handler = new BasicChallengeHandler(({ attempt: attempt2, parameters }) => {
    const realm = parameters.get("realm") ?? "this service";
    question.textContent = `${attempt2 > 1 ? "That was wrong. " : ""}The gateway asks for a password: “${realm}”.`;
    password.value = "";
    form.dataset["attempt"] = String(attempt2);
    return new Promise((resolve) => {
      answer = (login) => {
        answer = void 0;
        form.hidden = true;
        resolve(login);
      };
      void theatre.settled().then(() => {
        form.hidden = false;
        (attempt2 > 1 ? password : name).focus();
      });
    });
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer?.(new PasswordAuthentication(name.value, password.value));
  });
  byId("basic-cancel", HTMLButtonElement).addEventListener("click", () => answer?.(null));
  onClick(open, async () => {
    tell(said, "wait", "Knocking …");
    await conclude(await visit(theatre, { path: "/basic", title: "Echo behind a password", handler }), said);
    open.focus();
  });
}
function codes(theatre) {
  const form = byId("token-form", HTMLFormElement);
  const code = byId("code", HTMLInputElement);
  const said = byId("token-said", HTMLElement);
  onClick(byId("code-get", HTMLButtonElement), async () => {
    const answer = await fetch("/desk/code", { cache: "no-store" });
    const given = await answer.json();
    code.value = given.code;
    tell(said, "", `Good once, and for ${given.seconds} seconds.`);
  });
  onSubmit(form, async () => {
    tell(said, "wait", "Knocking …");
    const handler = {
      canHandle: ({ authenticationScheme, attempt: attempt2 }) => authenticationScheme === "Token" && attempt2 === 1,
      handle: () => new ChallengeResponse2(`Token ${code.value.trim()}`)
    };
    await conclude(await visit(theatre, { path: "/token", title: "Echo behind a code", handler }), said);
  });
}
async function conclude({ socket, error }, said) {
  if (error !== void 0) {
    tell(said, "bad", refusalOf(error));
    return;
  }
  const answer = await echoed(socket, "hello");
  tell(said, "good", `Open. The echo says “${answer}”.`);
  socket.close(1e3);
}

// demo/src/echo.ts
var KEPT2 = 20;
function echo(setup, account, theatre) {
  const open = byId("echo-open", HTMLButtonElement);
  const form = byId("echo-form", HTMLFormElement);
  const text = byId("echo-text", HTMLInputElement);
  const said = byId("echo-said", HTMLElement);
  const log = byId("echo-log", HTMLElement);
  let socket;
  const show = () => {
    open.hidden = socket !== void 0;
    form.hidden = socket === void 0;
  };
  const closed = () => {
    socket = void 0;
    show();
    tell(said, "", "The socket is closed.");
  };
  const heard = (message) => {
    log.append(make("li", {}, message));
    while (log.children.length > KEPT2) {
      log.firstElementChild?.remove();
    }
  };
  onClick(open, async () => {
    tell(said, "wait", "Knocking …");
    log.replaceChildren();
    const { socket: opened, error } = await visit(theatre, {
      path: "/echo",
      title: "Echo",
      handler: account.handler,
      heard,
      closed
    });
    if (error !== void 0) {
      tell(said, "bad", refusalOf(error));
      return;
    }
    socket = opened;
    show();
    tell(said, "good", `Open. The gateway has proved that it holds the key of ${setup.spn}.`);
    text.focus();
  });
  onSubmit(form, () => {
    socket?.send(text.value);
    text.select();
  });
  const leave = () => socket?.close(1e3);
  onClick(byId("echo-close", HTMLButtonElement), () => {
    leave();
    open.hidden = false;
    open.focus();
  });
  return leave;
}

// demo/src/entering.ts
import { KerberosError } from "./ticketgate.js";
var EXPIRED = 23;
var EXPIRY = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
function entering(setup, account, theatre, diagram, changed) {
  const name = byId("user", HTMLInputElement);
  const password = byId("password", HTMLInputElement);
  const fresh = byId("fresh", HTMLInputElement);
  const change = byId("change-form", HTMLFormElement);
  const said = byId("login-said", HTMLElement);
  const about = byId("about-user", HTMLElement);
  const passwords2 = new Map(setup.users.map((user) => [user.name, user.password]));
  const choose = ({ name: chosen, about: words }) => {
    name.value = chosen;
    password.value = passwords2.get(chosen) ?? "";
    change.hidden = true;
    about.textContent = `${chosen} ${words}.`;
    tell(said, "", "");
    for (const chip of chips) {
      chip.setAttribute("aria-pressed", String(chip.value === chosen));
    }
  };
  const chips = setup.users.map((user) => {
    const chip = make("button", { type: "button", class: "chip", value: user.name, "data-user": user.name }, user.name);
    chip.addEventListener("click", () => choose(user));
    return chip;
  });
  byId("users", HTMLElement).append(...chips);
  byId("realm", HTMLElement).textContent = `@${setup.realm}`;
  const [first] = setup.users;
  if (first !== void 0) {
    choose(first);
  }
  const show = () => {
    const { tickets, principal } = account;
    diagram.own(principal, tickets.map(({ server }) => server.replace(/@.*/, "")));
    byId("tickets", HTMLElement).replaceChildren(
      ...tickets.map(
        ({ server, expires }) => make("li", {}, make("strong", {}, ...breakable(server)), make("span", {}, `until ${EXPIRY.format(expires)}`))
      )
    );
    byId("own", HTMLElement).hidden = tickets.length === 0;
    changed();
  };
  const enter = async () => {
    change.hidden = true;
    tell(said, "wait", "Asking the KDC, through the gateway …");
    theatre.clear();
    try {
      await account.enter(name.value.trim(), password.value);
      await theatre.settled();
      show();
      tell(said, "good", `You are ${account.principal ?? "nobody"}. The password never left this page.`);
    } catch (error) {
      await theatre.settled();
      show();
      const isExpired = error instanceof KerberosError && error.code === EXPIRED;
      tell(said, isExpired ? "wait" : "bad", `${wordsOf(error)}.`);
      if (isExpired) {
        change.hidden = false;
        fresh.value = "";
        fresh.focus();
      }
    }
  };
  onSubmit(byId("login-form", HTMLFormElement), enter);
  onSubmit(change, async () => {
    tell(said, "wait", "Changing the password, through the gateway …");
    theatre.clear();
    try {
      await account.change(name.value.trim(), password.value, fresh.value);
      await theatre.settled();
    } catch (error) {
      await theatre.settled();
      const kdcText = error instanceof KerberosError ? error.kdcText : void 0;
      tell(said, "bad", `${wordsOf(error)}${kdcText === void 0 ? "" : `: ${kdcText}`}.`);
      return;
    }
    passwords2.set(name.value.trim(), fresh.value);
    password.value = fresh.value;
    await enter();
    password.focus();
  });
  onClick(byId("forget", HTMLButtonElement), () => {
    account.forget();
    theatre.clear();
    show();
    tell(said, "", "The tickets are gone. What they opened is closed.");
    name.focus();
  });
}
function breakable(principal) {
  const at = principal.lastIndexOf("@");
  return at === -1 ? [principal] : [principal.slice(0, at), make("wbr"), principal.slice(at)];
}

// demo/src/feed.ts
var AGAIN = 2e3;
var Lines = class {
  #decoder = new TextDecoder();
  #rest = "";
  /** The lines that these octets end. */
  take(octets) {
    const lines = (this.#rest + this.#decoder.decode(octets, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.filter((line2) => line2 !== "");
  }
};
function follow(heard) {
  return new Promise((resolve) => {
    const connect = () => {
      const lines = new Lines();
      const socket = new globalThis.WebSocket(socketAt("/events"));
      socket.binaryType = "arraybuffer";
      socket.onopen = () => resolve();
      socket.onmessage = ({ data }) => {
        for (const line2 of lines.take(data)) {
          heard(JSON.parse(line2));
        }
      };
      socket.onclose = () => setTimeout(connect, AGAIN);
    };
    connect();
  });
}

// demo/src/journal.ts
var ROW = 16;
var CHAPTERS = 24;
var Journal = class {
  #list;
  /** Whether a new chapter closes those before it. */
  #isBrief;
  constructor(list, isBrief) {
    this.#list = list;
    this.#isBrief = isBrief;
  }
  /** Begins anew. */
  clear() {
    this.#list.replaceChildren();
  }
  /** Opens a chapter. */
  chapter(title) {
    const chapter = new Chapter(title);
    if (this.#isBrief) {
      for (const earlier of this.#list.querySelectorAll(".chapter > details")) {
        earlier.removeAttribute("open");
      }
    }
    this.#list.append(chapter.element);
    while (this.#list.children.length > CHAPTERS) {
      this.#list.firstElementChild?.remove();
    }
    return chapter;
  }
};
var Chapter = class {
  element;
  #entries = make("ol", { class: "entries" });
  #outcome = make("span", { class: "pill", hidden: "" });
  #began;
  constructor(title) {
    const head = make("summary", {}, make("h4", {}, title), this.#outcome);
    this.element = make("li", { class: "chapter" }, make("details", { open: "" }, head, this.#entries));
  }
  /** Writes down what was said. */
  add(entry) {
    this.#began ??= entry.at;
    const after = Math.round(entry.at - this.#began);
    const way = make("span", { class: "way" }, `${NAMES[entry.from]} → ${NAMES[entry.to]}`);
    const head = [
      make("span", { class: "mark" }, entry.mark),
      make("span", { class: "what" }, make("strong", {}, entry.kind), " ", way),
      make("time", { datetime: new Date(entry.at).toISOString() }, `+${after} ms`),
      make("span", { class: "words" }, entry.words)
    ];
    const details = make("details", {}, make("summary", {}, ...head));
    details.addEventListener("toggle", () => details.append(...inside(entry)), { once: true });
    this.#entries.append(make("li", { "data-entry": entry.mark }, details));
  }
  /** Says how it ended. */
  end(mood, words) {
    this.#outcome.hidden = false;
    this.#outcome.dataset["mood"] = mood;
    this.#outcome.textContent = words;
  }
};
function inside({ at, fields = [], octets, text }) {
  const parts = [make("p", { class: "faint" }, `At ${timeOfDay(at)}.`), fieldList(fields)];
  if (text !== void 0) {
    parts.push(make("pre", { tabindex: "0", "aria-label": "As it was sent" }, text));
  }
  if (octets !== void 0) {
    parts.push(make("pre", { class: "octets", tabindex: "0", "aria-label": "Octets" }, dump(octets)));
  }
  return parts;
}
function fieldList(fields) {
  const items = fields.map(({ name, value, fields: inner = [] }) => {
    const line2 = [make("span", { class: "name" }, name), " ", make("span", {}, value)];
    return make("li", {}, ...line2, ...inner.length > 0 ? [fieldList(inner)] : []);
  });
  return make("ul", { class: "fields" }, ...items);
}
function dump(octets) {
  const rows = [];
  for (let at = 0; at < octets.length; at += ROW) {
    const row = [...octets.subarray(at, at + ROW)];
    const digits = row.map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((octet) => octet > 32 && octet < 127 ? String.fromCharCode(octet) : "·").join("");
    rows.push(`${at.toString(16).padStart(4, "0")}  ${digits.padEnd(ROW * 3 - 1)}  ${letters}`);
  }
  return rows.join("\n");
}

// demo/src/pace.ts
var Pace = class {
  /** Milliseconds between two beats. */
  #beat;
  #isSlow;
  #hurry;
  #shown = Promise.resolve();
  constructor(beat, isSlow) {
    this.#beat = beat;
    this.#isSlow = isSlow;
  }
  /** Whether there are beats at all. */
  set isSlow(isSlow) {
    this.#isSlow = isSlow;
    if (!isSlow) {
      this.#hurry?.();
    }
  }
  /** Shows this after all that was to be shown before. Where a scene fails, the next one goes on. */
  show(scene) {
    this.#shown = this.#shown.then(scene).catch((error) => reportError(error));
  }
  /** Until all is shown. */
  settled() {
    return this.#shown;
  }
  /** Waits between two parts of a scene. */
  async beat() {
    if (!this.#isSlow) {
      return;
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#beat);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
};

// demo/src/setup.ts
async function setUp() {
  const answer = await fetch("/setup.json");
  if (!answer.ok) {
    throw new Error(`the gateway answers ${answer.status} for setup.json`);
  }
  return await answer.json();
}

// demo/src/theatre.ts
import { describe as describe2 } from "./ticketgate.js";

// demo/src/handshake.ts
import { describe } from "./ticketgate.js";
var LONG = 72;
var SHOWN = /* @__PURE__ */ new Map([
  ["Negotiate", "ticket"],
  ["Basic", "password"],
  ["Token", "code"]
]);
function entryOf({ at, direction, kind, text }, hasShown) {
  if (kind === "balancer") {
    return void 0;
  }
  const head = headOf(text);
  const value = (name) => head.fields.find((field) => field.name.toLowerCase() === name)?.value ?? "";
  const credentials = direction === "sent" ? value("authorization") : value("www-authenticate");
  const token = tokenOf(credentials);
  const described = token === void 0 ? void 0 : describe(token);
  const inner = described === void 0 ? [] : [{ name: described.kind, value: described.summary, fields: described.fields }];
  const said = {
    at,
    kind: direction === "sent" ? head.first.replace(/ HTTP\/.*/, "") : head.first.replace(/^HTTP\/\S+ /, ""),
    fields: [...head.fields.map(shortened), ...inner],
    text: text.split("\r\n").map(cut).join("\n").trimEnd(),
    ...token !== void 0 && { octets: token }
  };
  if (direction === "sent") {
    const shown = SHOWN.get(credentials.split(" ")[0] ?? "");
    const mark2 = shown === void 0 ? "a" : "c";
    const label2 = shown === void 0 ? "GET" : `GET, ${shown}`;
    return { ...said, mark: mark2, label: label2, from: "browser", to: "tpg", words: asked(credentials) };
  }
  const status = Number(said.kind.slice(0, 3));
  const mark = hasShown ? "d" : "b";
  const label = token === void 0 ? String(status) : `${status}, proof`;
  return { ...said, mark, label, from: "tpg", to: "browser", words: answered(status, credentials, token !== void 0, hasShown) };
}
function asked(credentials) {
  switch (credentials.split(" ")[0]) {
    case "":
      return "The page asks for the service, with nothing to show";
    case "Negotiate":
      return "The same, with the ticket: SPNEGO, in it an AP-REQ, in it the ticket, which the page cannot open";
    default:
      return "The same, with what the gateway asked for";
  }
}
function answered(status, challenge, isProved, hasShown) {
  const [scheme = "", where, realm] = challenge.replace(/^Application /, "").split(" ");
  switch (status) {
    case 101:
      return scheme === "Negotiate" ? "Come in. The AP-REP proves that the gateway could open the ticket" : "Come in";
    case 401:
      if (hasShown) {
        return "The gateway does not take what was shown, and asks again";
      }
      return scheme === "Negotiate" && where !== void 0 && realm !== void 0 ? `Show a ticket. There is one for users of ${realm} at ${where}` : `Not without credentials, of the scheme ${scheme}`;
    case 403:
      return isProved ? "The gateway knows who this is, proves itself, and does not let this user in" : "What was shown does not open this";
    default:
      return "The gateway does not open";
  }
}
function headOf(text) {
  const [first = "", ...lines] = (text.split("\r\n\r\n")[0] ?? "").split("\r\n");
  const fields = lines.map((line2) => {
    const colon = line2.indexOf(":");
    return { name: line2.slice(0, colon), value: line2.slice(colon + 1).trim() };
  });
  return { first, fields };
}
function tokenOf(value) {
  const digits = /(?:^|\s)Negotiate ([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  return digits === void 0 ? void 0 : Uint8Array.from(atob(digits), (sign) => sign.charCodeAt(0));
}
function shortened({ name, value }) {
  return { name, value: cut(value) };
}
function cut(text) {
  return text.length > LONG + 20 ? `${text.slice(0, LONG)}… (${text.length} characters)` : text;
}

// demo/src/theatre.ts
var AS_STEPS = STEPS.slice(0, 4).map(({ id }) => id);
var TGS_STEPS = STEPS.slice(4).map(({ id }) => id);
var HANDSHAKE_STEPS = DOOR.filter(({ id }) => id !== "socket").map(({ id }) => id);
var SHOWING = "c";
var Theatre = class {
  #stage;
  /** How many sockets are open behind doors. */
  #sockets = 0;
  constructor(stage) {
    this.#stage = stage;
  }
  /** Begins anew, with nothing lit and nothing written. */
  clear() {
    const { pace, diagram, exchanges, doors: doors2, caption } = this.#stage;
    pace.show(() => {
      diagram.dim([...AS_STEPS, ...TGS_STEPS, ...HANDSHAKE_STEPS]);
      exchanges.clear();
      doors2.clear();
      caption.textContent = "";
    });
  }
  /** Until all that happened is shown. */
  settled() {
    return this.#stage.pace.settled();
  }
  /** Shows an exchange with the KDC, as it goes on. */
  exchange(exchange) {
    this.#stage.pace.show(() => this.#play(exchange));
  }
  /** Begins a conversation at a door, which the page means to open for this. */
  door(title) {
    const { pace, diagram, doors: doors2 } = this.#stage;
    let chapter;
    let hasShown = false;
    let isOpen = false;
    pace.show(() => {
      diagram.dim(HANDSHAKE_STEPS);
      chapter = doors2.chapter(title);
    });
    return {
      observe: (event) => pace.show(async () => {
        const entry = entryOf(event, hasShown);
        if (entry !== void 0 && chapter !== void 0) {
          hasShown ||= entry.mark === SHOWING;
          await this.#step(chapter, entry);
        }
      }),
      ended: (opened, words) => {
        pace.show(() => {
          chapter?.end(opened ? "good" : "bad", words);
          isOpen = opened;
          this.#count(opened ? 1 : 0);
        });
        return pace.settled();
      },
      closed: () => pace.show(() => {
        this.#count(isOpen ? -1 : 0);
        isOpen = false;
      })
    };
  }
  /** The way to the services is lit as long as there is a socket. */
  #count(more) {
    this.#sockets += more;
    if (this.#sockets > 0) {
      this.#stage.diagram.light("socket");
    } else {
      this.#stage.diagram.dim(["socket"]);
    }
  }
  async #play({ kind, asked: asked2, told, answered: answered2 }) {
    const isStep = kind !== "password change";
    const marks = kind === "TGS" ? TGS_STEPS : AS_STEPS;
    const [first = "", second = "", third = "", fourth = ""] = isStep ? marks : ["", "", "", ""];
    this.#stage.diagram.dim(marks);
    const chapter = this.#stage.exchanges.chapter(TITLES[kind]);
    await this.#step(chapter, { ...read(asked2), mark: first, from: "browser", to: "tgg" });
    const event = await told;
    if (event !== void 0) {
      const { at } = event;
      const fields = fieldsOf(event);
      const relayed = { mark: second, from: "tgg", to: "kdc", at, kind: asked2.kind, fields };
      const who = event.client === null ? "" : ` for ${event.client}`;
      await this.#step(chapter, { ...relayed, words: `The TGG passes it on unopened; the KDC has it${who}` });
      const says = event.code === 0 ? event.says : `${event.says} (error ${event.code})`;
      const kind2 = event.code === 0 ? asked2.kind === "password change" ? asked2.kind : reply(asked2.kind) : "KRB-ERROR";
      await this.#step(chapter, { mark: third, from: "kdc", to: "tgg", at, kind: kind2, fields, words: `The KDC says: ${says}` });
    }
    const answer = await answered2;
    if (answer === void 0) {
      chapter.end("bad", "no answer");
      return;
    }
    const entry = { ...read(answer), mark: fourth, label: answer.kind, from: "tgg", to: "browser" };
    await this.#step(chapter, entry);
    const isProofWanted = event?.code === PREAUTH_REQUIRED;
    const isRefused = answer.kind === "KRB-ERROR";
    const mood = isProofWanted ? "wait" : isRefused ? "bad" : "good";
    chapter.end(mood, isProofWanted ? "asked to prove it" : isRefused ? "refused" : GRANTED[kind]);
  }
  /** Lights a step, writes it down, and gives people the time to see it. */
  async #step(chapter, entry) {
    const { diagram, caption, pace } = this.#stage;
    if (entry.mark !== "") {
      diagram.light(entry.mark, entry.label);
    }
    chapter.add(entry);
    caption.textContent = `${entry.mark} ${entry.words}.`.trim();
    await pace.beat();
  }
};
var PREAUTH_REQUIRED = 25;
var TITLES = {
  AS: "Who are you? (AS exchange)",
  TGS: "What do you want to visit? (TGS exchange)",
  "password change": "Another password"
};
var GRANTED = {
  AS: "a ticket to get tickets with",
  TGS: "a ticket for the service",
  "password change": "answered"
};
function reply(kind) {
  return kind.replace("REQ", "REP");
}
function read({ at, kind, message }) {
  const { summary, fields } = describe2(message);
  return { at, kind, words: summary, fields, octets: message };
}
function fieldsOf(event) {
  const told = { client: event.client, server: event.server, code: event.code, says: event.says };
  return Object.entries(told).map(([name, value]) => ({ name: `KDC's own record: ${name}`, value: String(value ?? "none") }));
}

// demo/src/theme.ts
var KEY = "theme";
function theme() {
  const choices = [...document.querySelectorAll('input[name="theme"]')];
  const set = (choice) => {
    document.documentElement.dataset["theme"] = choice;
  };
  const kept = choices.find(({ value }) => value === remembered());
  if (kept !== void 0) {
    kept.checked = true;
    set(kept.value);
  }
  for (const choice of choices) {
    choice.addEventListener("change", () => {
      set(choice.value);
      try {
        localStorage.setItem(KEY, choice.value);
      } catch {
      }
    });
  }
}
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

// demo/src/main.ts
var BEAT = 420;
async function begin() {
  theme();
  const diagram = new Diagram(byId("picture", HTMLElement));
  const setup = await setUp();
  const theatre = new Theatre({
    diagram,
    caption: byId("caption", HTMLElement),
    exchanges: new Journal(byId("exchanges", HTMLOListElement), false),
    doors: new Journal(byId("doors", HTMLOListElement), true),
    pace: paced()
  });
  const account = new Account(setup.realm, setup.spn, (exchange) => theatre.exchange(exchange));
  await follow((event) => account.told(event));
  const leave = [echo(setup, account, theatre), chat(account, theatre)];
  entering(setup, account, theatre, diagram, () => leave.forEach((close) => close()));
  attempts(account, theatre);
  doors(theatre);
  tools(setup);
  document.documentElement.dataset["ready"] = "true";
}
function paced() {
  const slow = byId("slow", HTMLInputElement);
  slow.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pace = new Pace(BEAT, slow.checked);
  slow.addEventListener("change", () => pace.isSlow = slow.checked);
  return pace;
}
function tools(setup) {
  const commands = byId("commands", HTMLElement);
  const copy = byId("copy", HTMLButtonElement);
  const said = byId("copy-said", HTMLElement);
  commands.textContent = setup.type.join("\n");
  byId("manage", HTMLAnchorElement).href = setup.manage;
  onClick(copy, async () => {
    try {
      await navigator.clipboard.writeText(`${setup.type.join("\n")}
`);
      tell(said, "good", "Copied.");
    } catch {
      getSelection()?.selectAllChildren(commands);
      tell(said, "wait", "Selected: copy it with the keyboard.");
    }
  });
}
begin().catch((error) => {
  tell(byId("login-said", HTMLElement), "bad", `The demo does not answer: ${wordsOf(error)}. Is it running?`);
});
