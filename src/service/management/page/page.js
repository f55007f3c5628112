// What the page does: it listens to the gateway's events and writes what they say.
//
// Principals are names that strangers choose. All of them go through textContent and none through HTML, and what
// could hide or turn around the letters beside it is shown as its number.

const SECONDS = 300; // of the chart
const ROWS = 500; // of the table of sessions; older ones are left out
const REFRESH = 5000; // milliseconds between two looks at the octets of sessions

const $ = id => document.getElementById(id);
const count = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const rate = value => (value < 100 ? tenths : whole).format(value);
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

// What the words of the log mean, where they do not say so by themselves.
const REASONS = {
  host: "no sound Host",
  kind: "no request that KDCs are asked",
  kpasswd_not_served: "password changes are not served",
  malformed: "malformed Kerberos message",
  method: "method is not served",
  no_length: "body without a length",
  not_found: "nothing at this path",
  origin: "page of another site",
  password_service: "password change with another ticket",
  path: "path leaves what is served",
  peer_rate: "one address asks too often",
  principal_rate: "one principal is asked for too often",
  realm_differs: "two Kerberos realms named",
  realm_unknown: "Kerberos realm is not served",
  sockets_only: "request where only sockets are served",
  too_long: "too long",
  too_slow: "too slow",
  upgrade: "unsound upgrade",
  version: "another version of WebSocket",
  wrapping: "unreadable wrapping",
};

// The gateway's clock, which may be ahead of or behind this one. Seconds since 1970.
let ahead = 0;
const now = () => Date.now() / 1000 + ahead;

// --- Small parts -----------------------------------------------------------------------------------------------

const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const say = text => set($("news"), text);
const visible = name => name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, sign => `\\u{${sign.codePointAt(0).toString(16)}}`);
const words = reason => REASONS[reason] ?? reason.replaceAll("_", " ");

const make = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const span = seconds => {
  const left = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${left % 60} s` : `${left} s`;
};

const octets = number => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; number >= 1000 && unit < units.length - 1; unit++) number /= 1000;
  return `${unit ? number.toPrecision(3) : number} ${units[unit]}`;
};

// Keeps the rows of a table: one for each key, in the order of the items.
const rows = (body, items, key, build, fill) => {
  const names = new Set(items.map(key));
  // First, so that the rows that stay are not moved: a button that is moved loses the focus.
  for (const row of [...body.children]) if (!names.has(row.dataset.key)) row.remove();
  const known = new Map([...body.children].map(row => [row.dataset.key, row]));
  items.forEach((item, place) => {
    const row = known.get(key(item)) ?? build(item);
    row.dataset.key = key(item);
    fill(row, item);
    if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
  });
};

const row = (...cells) => make("tr", { role: "row" }, ...cells);
const cell = (attributes = {}, ...children) => make("td", { role: "cell", ...attributes }, ...children);

// --- Counts and their chart ------------------------------------------------------------------------------------

let last = null; // { at, totals } of the last event
const history = []; // { exchanges, requests } a second, the newest last
const refused = []; // { at, refusals } of the last minute

const measure = totals => {
  const at = performance.now() / 1000;
  if (last && at > last.at) {
    const per = name => Math.max(0, totals[name] - last.totals[name]) / (at - last.at);
    const measured = { exchanges: per("exchanges"), requests: per("requests") };
    history.push(measured);
    if (history.length > SECONDS) history.shift();
    set($("exchanges"), rate(measured.exchanges));
    set($("requests"), rate(measured.requests));
    draw();
  }
  last = { at, totals };
  refused.push({ at, refusals: totals.refusals });
  while (refused.length > 1 && at - refused[1].at >= 60) refused.shift();
  set($("connections"), count.format(totals.connections));
  showRefusals(totals.refusals);
};

const draw = () => {
  const highest = Math.max(1, ...history.map(({ exchanges, requests }) => Math.max(exchanges, requests)));
  const first = SECONDS - history.length;
  const x = place => first + place + 1;
  const y = value => (98 - (value / highest) * 96).toFixed(1);
  const line = name => history.map((measured, place) => `${x(place)},${y(measured[name])}`).join(" ");
  const [area, exchanges, requests] = $("chart").querySelectorAll("polygon, polyline");
  exchanges.setAttribute("points", line("exchanges"));
  requests.setAttribute("points", line("requests"));
  area.setAttribute("points", `${x(0)},98 ${line("exchanges")} ${x(history.length - 1)},98`);
  set($("peak"), `${rate(highest)} a second`);
  // Read when somebody comes to it, not announced each second.
  const newest = history[history.length - 1];
  set($("summary"), `Now ${rate(newest.exchanges)} exchanges and ${rate(newest.requests)} requests a
    second; the highest of either in the last five minutes was ${rate(highest)}.`);
};

const showRefusals = refusals => {
  const before = refused[0].refusals;
  const items = Object.entries(refusals)
    .map(([reason, times]) => ({ reason, times, lately: times - (before[reason] ?? 0) }))
    .sort((one, other) => other.times - one.times || one.reason.localeCompare(other.reason));
  const most = items[0]?.times ?? 1;
  const build = ({ reason }) => row(
    cell({ title: reason }, words(reason), make("span", { class: "bar", "aria-hidden": "true" }, make("span"))),
    cell({ class: "number" }),
    cell({ class: "number" }),
  );
  rows($("refusals"), items, item => item.reason, build, (line, { times, lately }) => {
    line.querySelector(".bar > span").style.setProperty("--share", `${(100 * times) / most}%`);
    set(line.children[1], count.format(lately));
    set(line.children[2], count.format(times));
  });
  $("no-refusals").hidden = items.length > 0;
  set($("refused"), count.format(items.reduce((sum, { lately }) => sum + lately, 0)));
};

// --- Behind the gateway ----------------------------------------------------------------------------------------

const KINDS = { backend: "back end", kdc: "KDC", kpasswd: "password server" };
let servers = [];

const showServers = (list, isFirst) => {
  const key = server => [server.kind, server.of, server.name].join("\n");
  const before = new Map(servers.map(server => [key(server), server.up]));
  const changed = list.filter(server => before.has(key(server)) && before.get(key(server)) !== server.up);
  if (!isFirst && changed.length) {
    say(changed.map(({ kind, name, up }) => `The ${KINDS[kind] ?? kind} ${name} is ${up ? "back" : "down"}.`).join(" "));
  }
  servers = list;
  // Those that are down come first.
  const items = [...list].sort((one, other) => one.up - other.up);
  const build = ({ kind, name, of }) => row(
    cell({}, name),
    cell({}, of, make("span", { class: "small" }, KINDS[kind] ?? kind)),
    cell({}, make("span", { class: "pill" }), make("span", { class: "small" })),
  );
  rows($("servers"), items, key, build, (line, { up }) => {
    const pill = line.querySelector(".pill");
    set(pill, up ? "up" : "down");
    pill.className = `pill ${up ? "good" : "bad"}`;
  });
  $("no-servers").hidden = items.length > 0;
  age();
};

// --- Sessions --------------------------------------------------------------------------------------------------

let sessions = new Map(); // by id, the newest first
let open = 0; // how many there are in all
let more = null; // where the next page begins
let wanted = ""; // what is searched for

const matches = ({ principal, service, peer }) => {
  const text = wanted.toLowerCase();
  return !text || [principal ?? "", service, peer].some(value => value.toLowerCase().includes(text));
};

const showSessions = () => {
  const items = [...sessions.values()];
  const hadFocus = $("list").contains(document.activeElement);
  rows($("list"), items, session => session.id, buildSession, (line, { received, sent }) => {
    set(line.children[5], octets(received));
    set(line.children[6], octets(sent));
  });
  // Its session may have ended under it.
  if (hadFocus && document.activeElement === document.body) ($("list").querySelector("button") ?? $("sessions")).focus();
  set($("no-sessions"), wanted ? "Nobody who is connected matches." : "Nobody is connected.");
  $("no-sessions").hidden = items.length > 0;
  $("more").hidden = !more || items.length >= ROWS;
  set($("open"), count.format(open));
  set($("shown"), items.length ? `${count.format(items.length)} shown of ${count.format(open)} open` : "");
  age();
};

const name = ({ principal }) => (principal === null ? "not asked who" : visible(principal));

const buildSession = session => {
  const { principal, service, peer, via, backend, roles, since, ends } = session;
  const order = make("button", { type: "button", class: "danger" }, "Close",
    make("span", { class: "unseen" }, ` the session of ${name(session)} from ${peer}`));
  order.addEventListener("click", () => confirmClose(session));
  const small = text => (text ? [make("span", { class: "small" }, make("bdi", {}, text))] : []);
  return row(
    cell({}, make("bdi", principal === null ? { class: "nobody" } : {}, name(session)), ...small(roles.join(", "))),
    cell({ "data-label": "Service" }, service, ...small([via, backend].filter(Boolean).join(" to "))),
    cell({ "data-label": "From" }, peer),
    cell({ "data-label": "Open for" }, make("time", { datetime: iso(since), title: local(since) })),
    cell({ "data-label": "Ends" }, ends === null ? "when it closes" : make("time", { datetime: iso(ends), title: local(ends) })),
    cell({ "data-label": "Received", class: "number" }),
    cell({ "data-label": "Sent", class: "number" }),
    cell({}, order),
  );
};

const iso = seconds => new Date(seconds * 1000).toISOString();
const local = seconds => clock.format(new Date(seconds * 1000));

// Writes how long ago and how long still, which changes with every second.
const age = () => {
  for (const line of $("list").children) {
    const session = sessions.get(line.dataset.key);
    if (!session) continue;
    set(line.children[3].firstElementChild, span(now() - session.since));
    if (session.ends !== null) set(line.children[4].firstElementChild, `in ${span(session.ends - now())}`);
  }
  for (const [place, line] of [...$("servers").children].entries()) {
    const server = servers.find(({ kind, of, name }) => [kind, of, name].join("\n") === line.dataset.key);
    const since = server?.since;
    set($("servers").children[place].querySelector("td:last-child .small"), since ? `for ${span(now() - since)}` : "");
  }
};

const ask = async (path, options = {}) => {
  const response = await fetch(path, { cache: "no-store", ...options });
  if (!response.ok) throw new Error((await response.text()).trim() || `the gateway answers ${response.status}`);
  return response.json();
};

// Takes a part of the list: all of it anew, or what follows.
const take = (list, isAnew) => {
  if (isAnew) sessions = new Map();
  for (const session of list.sessions) sessions.set(session.id, session);
  ({ open, more } = list);
  showSessions();
};

let asked = 0;
let isLoading = false;
const load = async (isAnew, limit = 100) => {
  const number = ++asked;
  const query = new URLSearchParams({ limit });
  if (wanted) query.set("text", wanted);
  if (!isAnew && more) query.set("before", more);
  isLoading = true;
  try {
    const list = await ask(`sessions?${query}`);
    // Another question was asked meanwhile, and its answer is the one to show.
    if (number === asked) take(list, isAnew);
  } catch (error) {
    say(`The list could not be read: ${error.message}`);
  } finally {
    if (number === asked) isLoading = false;
  }
};

let typing;
$("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 200);
});
$("search").addEventListener("submit", event => {
  event.preventDefault();
  search();
});
const search = async () => {
  clearTimeout(typing);
  const text = $("text").value.trim();
  if (text === wanted) return;
  wanted = text;
  await load(true);
  say(wanted ? `${count.format(sessions.size)}${more ? " or more" : ""} sessions match.` : "");
};
$("more").addEventListener("click", () => load(false));
setInterval(() => {
  if (!document.hidden && !isLoading && sessions.size && source.readyState === EventSource.OPEN) {
    load(true, Math.min(ROWS, Math.max(100, sessions.size)));
  }
}, REFRESH);

// --- Closing ---------------------------------------------------------------------------------------------------

let doomed = null;

const confirmClose = session => {
  doomed = session;
  const whose = make("strong", {}, make("bdi", {}, name(session)));
  $("confirm-whose").replaceChildren(whose, ` at ${session.service}, from ${session.peer}`);
  $("close-all").hidden = session.principal === null;
  set($("close-all"), "Close all of this principal");
  $("confirm").showModal();
};

const order = async path => {
  $("confirm").close();
  try {
    const { closed } = await ask(path, { method: "DELETE", headers: { "x-ticketgate": "1" } });
    say(closed === 1 ? `The session of ${name(doomed)} from ${doomed.peer} is closed.`
      : `${count.format(closed)} sessions of ${name(doomed)} are closed.`);
  } catch (error) {
    say(`Not closed: ${error.message}`);
  }
};

$("keep").addEventListener("click", () => $("confirm").close());
$("close-one").addEventListener("click", () => order(`sessions/${encodeURIComponent(doomed.id)}`));
$("close-all").addEventListener("click", () => order(`sessions?${new URLSearchParams({ principal: doomed.principal })}`));
// Its button may be gone with its session; then the list is the next best place to be.
$("confirm").addEventListener("close", () => {
  if (document.activeElement === document.body) $("sessions").focus();
});

// --- Events ----------------------------------------------------------------------------------------------------

const stage = (text, kind) => {
  set($("stage"), text);
  $("stage").className = `pill ${kind}`;
};

const heard = told => {
  ahead = told.now - Date.now() / 1000;
  open = told.open;
  stage(told.stage, told.stage === "serving" ? "good" : "");
  measure(told.totals);
};

const source = new EventSource("events");

source.addEventListener("state", ({ data }) => {
  const told = JSON.parse(data);
  const { version, uptime, who, ends, list } = told.state;
  last = null;
  refused.length = 0;
  heard(told);
  showServers(told.health, true);
  if (wanted) load(true); else take(list, true);
  set($("about"), `${version}, started ${local(told.now - uptime)} · you are ${visible(who)}${ends ? ` until ${local(ends)}` : ""}`);
  if ($("news").dataset.lost) say("Connected again.");
  delete $("news").dataset.lost;
});

source.addEventListener("tick", ({ data }) => {
  const told = JSON.parse(data);
  const { opened, closed, lost } = told.tick;
  heard(told);
  if (told.health) showServers(told.health, false);
  const fresh = opened.filter(session => matches(session) && !sessions.has(session.id)).reverse();
  if (fresh.length) sessions = new Map([...fresh.map(session => [session.id, session]), ...sessions].slice(0, ROWS));
  for (const { id } of closed) sessions.delete(id);
  showSessions();
  // More happened than could be told.
  if (lost) load(true);
});

source.addEventListener("error", () => {
  const isOver = source.readyState === EventSource.CLOSED;
  stage(isOver ? "not connected" : "reconnecting", "bad");
  $("news").dataset.lost = "yes";
  say(isOver ? "The gateway no longer answers this page. Load it again to sign in."
    : "The connection to the gateway is lost; trying again.");
});
