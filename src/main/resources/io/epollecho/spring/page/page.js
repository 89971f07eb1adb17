"use strict";

/*
 * Polls the endpoint every second and displays its responses. All values are set as text and never
 * as markup, because peers control some of them.
 */

const INTERVAL = 1000;
const PATIENCE = 5000;
const MOST_CONNECTIONS = 1000;
const HISTORY_SECONDS = 600;

const endpoint = document.body.dataset.endpoint;
const unrestricted = document.body.dataset.access === "unrestricted";

const element = id => document.getElementById(id);

// ---- texts -------------------------------------------------------------------------------------

const NONE = "–";
const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const tenths = new Intl.NumberFormat("en", {maximumFractionDigits: 1});
const clock = new Intl.DateTimeFormat("en-GB", {timeStyle: "short"});
const share = new Intl.NumberFormat("en", {style: "percent", maximumFractionDigits: 1});

function count(number) {
    return whole.format(number);
}

function rate(number) {
    return (number < 100 ? tenths : whole).format(number);
}

function bytes(number) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = 0;
    while (number >= 1024 && unit < units.length - 1) {
        number /= 1024;
        unit++;
    }
    return (unit === 0 || number >= 100 ? whole : tenths).format(number) + " " + units[unit];
}

/** Parses a duration in the server's format, such as PT1H2M3.5S, and returns its seconds. */
function seconds(duration) {
    const match = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(duration);
    return match ? 3600 * (match[1] || 0) + 60 * (match[2] || 0) + Number(match[3] || 0) : NaN;
}

function time(total) {
    if (total < 10) {
        return total.toFixed(1) + " s";
    }
    const s = Math.floor(total % 60);
    const m = Math.floor(total / 60) % 60;
    const h = Math.floor(total / 3600) % 24;
    const d = Math.floor(total / 86400);
    if (d > 0) {
        return `${d} d ${h} h`;
    }
    if (h > 0) {
        return `${h} h ${m} min`;
    }
    return m > 0 ? `${m} min ${s} s` : `${s} s`;
}

// ---- changing the document ---------------------------------------------------------------------

/** Sets the text only if it differs, so that a refresh causes no layout changes. */
function setText(node, text) {
    const value = String(text ?? "");
    if (node.textContent !== value) {
        node.textContent = value;
    }
}

/** Shows one row per entry, reusing existing rows. */
function fill(body, entries, columns) {
    while (body.rows.length > entries.length) {
        body.deleteRow(-1);
    }
    while (body.rows.length < entries.length) {
        const row = body.insertRow();
        for (const column of columns) {
            row.insertCell().className = column.kind ?? "";
        }
    }
    entries.forEach((entry, i) => {
        const row = body.rows[i];
        columns.forEach((column, j) => setText(row.cells[j], column.text(entry)));
    });
}

function number(text) {
    return {kind: "number", text};
}

/** Shows the counts by reason, reusing existing entries. */
function fillCounts(terms, counts) {
    const entries = Object.entries(counts);
    while (terms.children.length > entries.length) {
        terms.lastElementChild.remove();
    }
    while (terms.children.length < entries.length) {
        const entry = document.createElement("div");
        entry.append(document.createElement("dt"), document.createElement("dd"));
        terms.append(entry);
    }
    entries.forEach(([reason, times], i) => {
        const [term, figure] = terms.children[i].children;
        setText(term, reason);
        setText(figure, count(times));
    });
}

/** Returns the layers between the sockets of a listener and its echo, outermost first. */
function layers(listener) {
    const parts = [
        listener.proxyProtocol !== "off" && "PROXY",
        listener.tls && "TLS",
        listener.greeting !== "none" && "greeting",
    ];
    return parts.filter(Boolean).join(", ");
}

const LISTENERS = [
    {text: ([name]) => name},
    {text: ([, listener]) => listener.address ?? NONE},
    {text: ([, listener]) => layers(listener) || NONE},
    number(([, listener]) => count(listener.connections.active)),
    number(([, listener]) => rate(listener.rates.accepted)),
    number(([, listener]) => bytes(listener.rates.received)),
    number(([, listener]) => bytes(listener.rates.sent)),
    number(([, listener]) => bytes(listener.bytes.pending)),
    number(([, listener]) => count(listener.connections.accepted)),
    number(([, listener]) => count(sum(listener.connections.rejected))),
];

const LOOPS = [
    {text: loop => loop.number},
    number(loop => count(loop.active)),
    number(loop => share.format(loop.busyShare)),
    number(loop => bytes(loop.rates.received)),
    number(loop => bytes(loop.rates.sent)),
    number(loop => bytes(loop.bytes.pending)),
    number(loop => count(loop.selectorRebuilds)),
];

function sum(counts) {
    return Object.values(counts).reduce((a, b) => a + b, 0);
}

function showStatus(status) {
    const stalled = status.stalled && status.state === "running";
    document.body.dataset.state = stalled ? "stalled" : status.state;
    setText(element("state"), stalled ? "stalled: an event loop makes no progress" : status.state);
    setText(element("drain-progress"), status.drain
        ? `${count(status.drain.connectionsLeft)} of ${count(status.drain.connectionsAtStart)}`
            + ` connections left, ${time(seconds(status.drain.remaining))} until they are closed`
        : "");
    setText(element("version"), status.version);
    setText(element("uptime"), status.state === "stopped" ? NONE : time(seconds(status.uptime)));
    setText(element("selector"), `${status.selector}, ${status.triggerMode}-triggered`);
    const addresses = Object.values(status.listeners).map(listener => listener.address ?? NONE);
    setText(element("addresses"), addresses.join(", "));
    setText(element("active"), count(status.connections.active));
    setText(element("active-peak"), count(status.peaks.active));
    setText(element("active-limit"), count(status.limits.connections));
    setText(element("accepts"), rate(status.rates.accepted));
    setText(element("accepts-peak"), rate(status.peaks.rates.accepted));
    setText(element("received"), bytes(status.rates.received));
    setText(element("received-peak"), bytes(status.peaks.rates.received));
    setText(element("sent"), bytes(status.rates.sent));
    setText(element("sent-peak"), bytes(status.peaks.rates.sent));
    setText(element("pending"), bytes(status.bytes.pending));
    setText(element("pending-limit"), bytes(status.limits.maxPending));
    setText(element("accepted-total"), count(status.connections.accepted));
    setText(element("received-total"), bytes(status.bytes.received));
    setText(element("sent-total"), bytes(status.bytes.sent));
    setText(element("accept-errors"), count(status.connections.acceptErrors));
    setText(element("failure"), status.failure ? "Failed: " + status.failure : "");
    fillCounts(element("closed"), status.connections.closed);
    fillCounts(element("rejected"), status.connections.rejected);
    fill(element("listeners"), Object.entries(status.listeners), LISTENERS);
    fill(element("loops"), status.loops, LOOPS);
    enableOperations(status);
}

// ---- connections -------------------------------------------------------------------------------

function tls(connection) {
    const parts = [connection.tls?.protocol, connection.tls?.serverName];
    return parts.filter(Boolean).join(" ");
}

/** Columns sort by their key; if "high" is set, the first click sorts in descending order. */
const CONNECTIONS = [
    {title: "Listener", text: c => c.listener, key: c => c.listener},
    {title: "Peer", kind: "address", text: c => c.peer, key: c => c.peer},
    {title: "Proxy", kind: "address", text: c => c.proxy ?? NONE, key: c => c.proxy ?? ""},
    {title: "TLS", kind: "tls", text: c => tls(c) || NONE, key: tls},
    {title: "Loop", kind: "number", text: c => c.loop, key: c => c.loop},
    {title: "Age", kind: "number", text: c => time(seconds(c.age)), key: c => seconds(c.age)},
    {title: "Idle", kind: "number", text: c => time(seconds(c.idle)), key: c => seconds(c.idle)},
    {title: "Received", kind: "number", text: c => bytes(c.bytes.received), key: c => c.bytes.received, high: true},
    {title: "Sent", kind: "number", text: c => bytes(c.bytes.sent), key: c => c.bytes.sent, high: true},
    {title: "Pending", kind: "number", text: c => bytes(c.bytes.pending), key: c => c.bytes.pending, high: true},
];

let list = {active: 0, connections: []};
let sorting = null; // null keeps the order of the server

function addColumns() {
    for (const column of CONNECTIONS) {
        const header = document.createElement("th");
        header.scope = "col";
        header.className = column.kind ?? "";
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = column.title;
        button.addEventListener("click", () => sortBy(column));
        header.append(button);
        element("connection-columns").append(header);
    }
}

function sortBy(column) {
    const descending = sorting?.column === column ? !sorting.descending : Boolean(column.high);
    sorting = {column, descending};
    showConnections();
}

function compare(a, b) {
    return typeof a === "string" ? a.localeCompare(b, "en", {numeric: true}) : a - b;
}

function sorted(connections) {
    if (sorting === null) {
        return connections;
    }
    const {column, descending} = sorting;
    return connections
        .map(connection => [column.key(connection), connection])
        .sort(([a], [b]) => descending ? compare(b, a) : compare(a, b))
        .map(([, connection]) => connection);
}

function matches(connection, text) {
    return [connection.listener, connection.peer, connection.proxy, tls(connection)]
        .some(value => value?.toLowerCase().includes(text));
}

function showConnections() {
    const text = element("filter").value.trim().toLowerCase();
    const shown = sorted(list.connections.filter(connection => matches(connection, text)));
    const body = element("connections");
    fill(body, shown, CONNECTIONS);
    shown.forEach((connection, i) => body.rows[i].classList.toggle("slow", connection.bytes.pending > 0));
    setText(element("listed"), `${count(shown.length)} shown of ${count(list.active)} open`
        + (list.active > list.connections.length
            ? `, from the ${count(list.connections.length)} ${element("order").selectedOptions[0].text}` : ""));
    CONNECTIONS.forEach((column, i) => {
        const header = element("connection-columns").cells[i];
        const direction = sorting?.column !== column ? null
            : sorting.descending ? "descending" : "ascending";
        if (direction === null) {
            header.removeAttribute("aria-sort");
        } else {
            header.setAttribute("aria-sort", direction);
        }
    });
}

// ---- plots -------------------------------------------------------------------------------------

const past = {time: [], active: [], received: [], sent: []};
let cursor = 0; // the number of the last point

/** Adds the times of new points. If the clock was set back, moves the points before it, too. */
function rememberTimes(millis, interval) {
    for (const next of millis.map(time => time / 1000)) {
        const behind = past.time.length === 0 ? 0 : past.time.at(-1) - next;
        if (behind >= 0 && past.time.length > 0) {
            past.time = past.time.map(time => time - behind - interval);
        }
        past.time.push(next);
    }
}

function remember(history) {
    if (history.sequence.length === 0) {
        return;
    }
    if (history.sequence[0] <= cursor) { // the application was restarted
        Object.values(past).forEach(column => column.length = 0);
    }
    cursor = history.sequence.at(-1);
    rememberTimes(history.time, seconds(history.interval));
    past.active.push(...history.active);
    past.received.push(...history.received);
    past.sent.push(...history.sent);
    const surplus = past.time.length - HISTORY_SECONDS;
    if (surplus > 0) {
        Object.values(past).forEach(column => column.splice(0, surplus));
    }
}

function colour(name) {
    return () => getComputedStyle(document.documentElement).getPropertyValue(name);
}

/** Distances between grid lines: round numbers, or powers of two for bytes. */
const DECIMAL = Array.from({length: 30}, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));
const BINARY = Array.from({length: 50}, (_, i) => 2 ** i);

function plot(name, text, distances, series) {
    const parent = element("plot-" + name);
    const axis = {stroke: colour("--quiet"), grid: {stroke: colour("--line"), width: 1}, ticks: {show: false}};
    const chart = new uPlot({
        width: parent.clientWidth,
        height: parent.clientHeight,
        cursor: {drag: {x: false, y: false}},
        legend: {mount: (self, legend) => element("legend-" + name).append(legend)},
        scales: {
            x: {range: (self, min, max) => [max - HISTORY_SECONDS, max]},
            y: {range: (self, min, max) => [0, Math.max(max * 1.1, 4)]},
        },
        axes: [
            {...axis, space: 70, size: 30, values: (self, ticks) => ticks.map(tick => clock.format(tick * 1000))},
            {...axis, size: 76, incrs: distances, values: (self, ticks) => ticks.map(text)},
        ],
        series: [
            {label: "Time", value: "{HH}:{mm}:{ss}"},
            ...series.map(([label, variable]) => ({
                label,
                stroke: colour(variable),
                width: 1.5,
                points: {show: false},
                value: (self, value) => value === null ? NONE : text(value),
            })),
        ],
    }, [[], ...series.map(() => [])], parent);
    new ResizeObserver(() => chart.setSize({width: parent.clientWidth, height: parent.clientHeight}))
        .observe(parent);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw());
    return chart;
}

function describe(name, text, columns) {
    const parts = columns.map(([label, values]) => values.length === 0 ? `${label}: nothing yet`
        : `${label}: now ${text(values.at(-1))}, highest ${text(Math.max(...values))}`);
    element("plot-" + name).setAttribute("aria-label", parts.join("; "));
}

let connectionPlot;
let throughputPlot;

function addPlots() {
    connectionPlot = plot("connections", count, DECIMAL, [["Connections", "--received"]]);
    throughputPlot = plot("throughput", value => bytes(value) + "/s", BINARY,
        [["Received", "--received"], ["Sent", "--sent"]]);
}

function showHistory() {
    connectionPlot.setData([past.time, past.active]);
    throughputPlot.setData([past.time, past.received, past.sent]);
    describe("connections", count, [["Connections", past.active]]);
    describe("throughput", value => bytes(value) + " per second",
        [["Received", past.received], ["Sent", past.sent]]);
}

// ---- operations --------------------------------------------------------------------------------

const OPERATIONS = [
    {
        id: "drain", title: "Drain", method: "DELETE", states: ["running", "failed"],
        question: "Drain and stop the echo server? It will accept no new connections, and will"
            + " close open connections once they are idle.",
    },
    {
        id: "start", title: "Start", method: "POST", states: ["stopped", "failed"],
        question: "Start the echo server?",
    },
];

function addOperations() {
    for (const operation of OPERATIONS) {
        const button = document.createElement("button");
        button.type = "button";
        button.id = operation.id;
        button.textContent = operation.title;
        button.disabled = true;
        button.addEventListener("click", () => confirmed(operation));
        element("operations").append(button, " ");
    }
}

function enableOperations(status) {
    for (const operation of unrestricted ? OPERATIONS : []) {
        element(operation.id).disabled = !operation.states.includes(status.state);
    }
}

function confirmed(operation) {
    const dialog = element("confirmation");
    setText(element("question"), operation.question);
    setText(element("confirm"), operation.title);
    dialog.returnValue = "cancel";
    dialog.onclose = () => {
        if (dialog.returnValue === "confirm") {
            carryOut(operation);
        }
    };
    dialog.showModal();
}

async function carryOut(operation) {
    try {
        showStatus(await ask("", {method: operation.method}));
        showNotice("operation", "");
    } catch (error) {
        showNotice("operation", `${operation.title} failed: ${error.message}`);
    }
}

// ---- refresh -----------------------------------------------------------------------------------

const notices = new Map();

/** Shows the notice of a source, replacing its previous one. */
function showNotice(source, notice) {
    notices.set(source, notice);
    setText(element("notice"), [...notices.values()].filter(Boolean).join(" "));
}

async function ask(path, options = {}) {
    const answer = await fetch(endpoint + path, {
        ...options,
        cache: "no-store",
        headers: {Accept: "application/json"},
        signal: AbortSignal.timeout(PATIENCE),
    });
    const body = await answer.json().catch(() => null);
    if (!answer.ok || body === null) {
        throw new Error(body?.message ?? `the server answered with status ${answer.status}`);
    }
    return body;
}

let lastAnswer = null;

function showOutcome(results) {
    const failed = results.find(result => result.status === "rejected");
    document.body.classList.toggle("stale", Boolean(failed));
    if (!failed) {
        lastAnswer = new Date();
        showNotice("refresh", "");
        return;
    }
    const since = lastAnswer === null ? "" : ` Figures from ${lastAnswer.toLocaleTimeString("en-GB")}.`;
    showNotice("refresh", `Refresh failed: ${failed.reason.message}.${since}`);
}

async function refresh() {
    const results = await Promise.allSettled([
        ask("").then(showStatus),
        ask(`/connections?limit=${MOST_CONNECTIONS}&sort=${element("order").value}`).then(answer => {
            list = answer;
            showConnections();
        }),
        ask(`/history?since=${cursor}`).then(answer => {
            remember(answer);
            showHistory();
        }),
    ]);
    showOutcome(results);
}

let timer;
let refreshing = false;
let wanted = true;

/** Refreshes the page, unless a refresh is in progress or the tab is hidden. */
async function run() {
    clearTimeout(timer);
    if (refreshing || !wanted || document.hidden) {
        return;
    }
    refreshing = true;
    const begun = performance.now();
    try {
        await refresh();
    } finally {
        refreshing = false;
        timer = setTimeout(run, Math.max(0, INTERVAL - (performance.now() - begun)));
    }
}

function toggleRefresh() {
    wanted = !wanted;
    element("refresh").setAttribute("aria-pressed", String(wanted));
    run();
}

addColumns();
addPlots();
if (unrestricted) {
    addOperations();
}
element("refresh").addEventListener("click", toggleRefresh);
element("filter").addEventListener("input", showConnections);
element("order").addEventListener("change", () => {
    sorting = null;
    run();
});
document.addEventListener("visibilitychange", run);
run();
