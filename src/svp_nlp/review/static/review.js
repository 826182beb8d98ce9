// The review, as one module for three doors: the local page, the notebook, and the file without Python.
// Text enters the page through textContent only. Nothing here counts characters: pieces carry their
// positions (in code points) with them, and what is selected goes back as the positions of whole pieces.

const PULL_EVERY = 2000;
const AWAY_AFTER = 60000;
const MARKS = "123456789abcdefghijklmnopqrstuvwxyz";
const CERTAINTIES = [["sure", 1], ["fairly sure", 0.66], ["unsure", 0.33]];

// ---- small helpers -------------------------------------------------------------------------------------

function h(name, properties, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(9)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function button(words, key, onclick, properties) {
  return h("button", { type: "button", onclick, ...properties }, words, key ? h("kbd", null, shownKey(key)) : null);
}

function shownKey(key) {
  return { Enter: "⏎", " ": "space", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" }[key] ?? key;
}

function plural(number, one, many = one + "s") {
  return `${number} ${number === 1 ? one : many}`;
}

// ---- pieces --------------------------------------------------------------------------------------------
// A piece is [text, start, end, kind, entities?]; start and end are null for a space that stands for a gap.

function inside(piece, spans) {
  return piece[1] !== null && spans.some(([start, end]) => start <= piece[1] && piece[2] <= end);
}

function positions(pieces, first, last) {
  const spans = [];
  let [from, to] = first <= last ? [first, last] : [last, first];
  while (from < to && pieces[from][3] === "space") from += 1;
  while (to > from && pieces[to][3] === "space") to -= 1;
  for (const piece of pieces.slice(from, to + 1)) {
    if (piece[1] === null) continue;
    const before = spans.at(-1);
    if (before && before[1] === piece[1]) before[1] = piece[2];
    else spans.push([piece[1], piece[2]]);
  }
  return pieces[from][3] === "space" ? [] : spans;
}

function wordsAt(pieces, spans) {
  return pieces.filter((piece) => inside(piece, spans)).map((piece) => piece[0]).join("").trim();
}

/** Shows pieces and lets words be selected, with the mouse or from the keyboard. */
class Words {
  constructor(pieces, paintPiece) {
    this.pieces = pieces;
    this.anchor = null;
    this.caret = null;
    this.node = h("span", { class: "words" }, pieces.map((piece, n) => this.one(piece, n, paintPiece)));
    this.node.words = this;
  }

  one(piece, n, paintPiece) {
    const node = h("span", { "data-n": n, class: piece[3] === "pseudonym" ? "pseudonym" : null });
    node.textContent = piece[0];
    if (paintPiece) paintPiece(node, piece, n);
    return node;
  }

  /** Begins selecting from the keyboard at the first word. */
  begin() {
    const first = this.selected()?.[0] ?? this.pieces.findIndex((piece) => piece[3] !== "space");
    if (first < 0) return false;
    this.anchor = this.caret = first;
    this.show();
    return true;
  }

  move(step, extend) {
    let at = this.caret;
    do at += step; while (this.pieces[at]?.[3] === "space");
    if (!this.pieces[at]) return;
    this.caret = at;
    if (!extend) this.anchor = at;
    this.show();
  }

  end() {
    this.anchor = this.caret = null;
    this.show();
  }

  show() {
    const [from, to] = [Math.min(this.anchor ?? Infinity, this.caret ?? 0), Math.max(this.anchor ?? -1, this.caret ?? -1)];
    for (const [n, node] of [...this.node.children].entries()) {
      node.classList.toggle("chosen", n >= from && n <= to);
      node.classList.toggle("caret", n === this.caret);
    }
    this.node.children[this.caret]?.scrollIntoView({ block: "nearest" });
  }

  /** The first and last piece selected, or null. */
  selected() {
    if (this.caret !== null) return [Math.min(this.anchor, this.caret), Math.max(this.anchor, this.caret)];
    const selection = this.node.getRootNode().getSelection?.() ?? document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const touched = [...this.node.children].filter((node) => touches(range, node));
    if (!touched.length) return null;
    return [Number(touched[0].dataset.n), Number(touched.at(-1).dataset.n)];
  }

  /** The positions of what is selected, or null. */
  positions() {
    const found = this.selected();
    const spans = found ? positions(this.pieces, ...found) : [];
    return spans.length ? spans : null;
  }
}

function touches(range, node) {
  if (!range.intersectsNode(node)) return false;
  const text = node.firstChild;
  if (!text) return false;
  if (range.startContainer === text && range.startOffset === text.length) return false;
  return !(range.endContainer === text && range.endOffset === 0);
}

// ---- a list of thousands of rows of which a few are in the page -------------------------------------------

class LongList {
  constructor(label, paintRow, choose) {
    this.paintRow = paintRow;
    this.choose = choose;
    this.count = 0;
    this.at = 0;
    this.id = `svp-list-${Math.random().toString(36).slice(2)}`;
    this.space = h("div", { class: "space", role: "presentation" });
    this.node = h(
      "div",
      { class: "rows", role: "listbox", tabindex: 0, "aria-label": label, onscroll: () => this.paint(), "data-focus": "list" },
      this.space,
    );
    new ResizeObserver(() => this.paint()).observe(this.node);
  }

  get height() {
    return 3.4 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  show(count, at) {
    this.count = count;
    this.at = at;
    this.space.style.height = `${count * this.height}px`;
    const [top, room] = [at * this.height, this.node.clientHeight];
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (room && top + this.height > this.node.scrollTop + room) this.node.scrollTop = top + this.height - room;
    this.paint();
  }

  paint() {
    const height = this.height;
    const first = Math.max(0, Math.floor(this.node.scrollTop / height) - 3);
    const last = Math.min(this.count, Math.ceil((this.node.scrollTop + (this.node.clientHeight || 400)) / height) + 3);
    const numbers = new Set([this.at].filter((n) => n < this.count));
    for (let n = first; n < last; n += 1) numbers.add(n);
    this.space.replaceChildren(...[...numbers].sort((a, b) => a - b).map((n) => this.row(n, height)));
    this.node.setAttribute("aria-activedescendant", this.count ? `${this.id}-${this.at}` : "");
  }

  row(n, height) {
    const node = h("div", {
      class: "row", role: "option", id: `${this.id}-${n}`, "aria-selected": String(n === this.at),
      "aria-setsize": this.count, "aria-posinset": n + 1, onclick: () => this.choose(n),
    }, this.paintRow(n));
    node.style.top = `${n * height}px`;
    node.style.height = `${height}px`;
    return node;
  }
}

// ---- doors: how a question reaches Python, or the file itself -----------------------------------------------

class Problem extends Error {
  constructor(message, hint) {
    super(hint ? `${message} (${hint})` : message);
  }
}

export function serverDoor(token) {
  return {
    pull: PULL_EVERY,
    async ask(verb, body) {
      let answer;
      try {
        answer = await fetch(`api/${verb}`, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Svp-Token": token },
          body: JSON.stringify(body),
        });
      } catch {
        throw new Problem("svp-nlp review no longer runs; this was not stored", "start it again; all before is kept");
      }
      const row = await answer.json();
      if (!answer.ok) throw new Problem(row.error, row.hint);
      return row;
    },
  };
}

export function widgetDoor(model) {
  const waiting = new Map();
  let number = 0;
  model.on("msg:custom", (message) => {
    const [done, failed] = waiting.get(message.call) ?? [];
    waiting.delete(message.call);
    const row = JSON.parse(message.row);
    if (message.status === 200) done?.(row);
    else failed?.(new Problem(row.error, row.hint));
  });
  const page = Math.random().toString(36).slice(2);
  return {
    pull: PULL_EVERY,
    ask(verb, body) {
      number += 1;
      const call = `${page}-${number}`;
      model.send({ call, verb, body });
      return new Promise((done, failed) => waiting.set(call, [done, failed]));
    },
  };
}

// ---- the file without Python: the record and its fold live in the page ---------------------------------------

let lastStamp = 0n;

function newId() {
  const now = BigInt(Date.now()) << 12n;
  lastStamp = now > lastStamp ? now : lastStamp + 1n;
  const random = crypto.getRandomValues(new Uint8Array(8));
  let tail = 0n;
  for (const byte of random) tail = (tail << 8n) | BigInt(byte);
  const high = ((lastStamp >> 12n) << 16n) | 0x7000n | (lastStamp & 0xfffn);
  const hex = ((high << 64n) | (0b10n << 62n) | (tail >> 2n)).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** What holds after one coder's decisions on one passage; the same fold as svp_nlp.review.fold. */
export function foldPassage(decisions) {
  const opens = (one) => one.action === "seen" || one.saw_suggestion;
  const own = decisions.filter((one) => one.action !== "adjudicate" && one.action !== "undo");
  if (!own.length) return null;
  let seen = decisions.findIndex(opens);
  if (seen < 0) seen = decisions.length;
  const now = foldStanding(standing(decisions));
  const wasSeen = seen < decisions.length;
  const blind = wasSeen ? foldStanding(standing(decisions.slice(0, seen))).committed : now.committed;
  const { themes, decided, certainty, flagged, pieces, quotes, memos, verdicts } = now;
  return {
    themes: [...themes].sort(), decided, blind: blind === null ? null : [...blind].sort(), seen: wasSeen,
    certainty, flagged, pieces, quotes, memos, verdicts, split: {},
  };
}

export function standing(decisions) {
  const at = new Map(decisions.map((one, n) => [one.id, n]));
  let seen = decisions.findIndex((one) => one.action === "seen" || one.saw_suggestion);
  if (seen < 0) seen = decisions.length;
  const gone = new Set();
  for (let n = decisions.length - 1; n >= 0; n -= 1) {
    const { parent, id } = decisions[n];
    if (!parent || gone.has(id) || (at.get(parent) ?? n) >= n) continue;
    const undone = decisions[at.get(parent)].action;
    if (undone === "seen" || (undone === "commit" && at.get(parent) < seen && n > seen)) continue;
    gone.add(parent);
  }
  return decisions.filter((one) => one.action !== "undo" && !gone.has(one.id));
}

function foldStanding(decisions) {
  const now = {
    themes: new Set(), decided: false, committed: null, certainty: null, flagged: false, offered: [],
    pieces: {}, quotes: [], memos: [], verdicts: {},
  };
  const judge = (one) => {
    now.decided = true;
    delete now.verdicts[one.value.theme];
    now.verdicts[one.value.theme] = one.action;
  };
  const take = {
    code({ value, saw_suggestion: saw }) {
      now.themes = new Set(value.themes);
      now.pieces = value.pieces ?? {};
      now.certainty = value.certainty ?? now.certainty;
      now.decided ||= saw;
    },
    accept(one) { judge(one); now.themes.add(one.value.theme); },
    reject(one) { judge(one); now.themes.delete(one.value.theme); },
    change(one) {
      judge(one);
      now.themes.delete(one.value.theme);
      for (const theme of one.value.to) now.themes.add(theme);
    },
    none(one) {
      now.themes.clear();
      now.decided ||= one.saw_suggestion;
      for (const theme of now.offered) now.verdicts[theme] ??= "reject";
    },
    quote({ value }) { now.quotes.push({ theme: value.theme, pieces: value.pieces }); },
    memo({ value }) { now.memos.push(value.text); },
    flag({ value }) { now.flagged = Boolean(value.on); if (value.text) now.memos.push(value.text); },
    commit({ value }) {
      now.committed = new Set(now.themes);
      now.certainty = value.certainty ?? now.certainty;
      now.decided = true;
    },
    seen({ value }) { now.offered = value.themes ?? []; },
    adjudicate() {},
  };
  for (const one of decisions) take[one.action](one);
  return now;
}

export function fileDoor(data, storage) {
  const key = `svp-decisions ${data.study} ${data.coder}`;
  const passages = new Map(data.passages.map((one) => [one.passage, one]));
  const record = [];
  const groups = new Map();
  let unsaved = 0;

  function take(row) {
    record.push(row);
    if (!groups.has(row.target)) groups.set(row.target, []);
    groups.get(row.target).push(row);
  }

  function keep() {
    try {
      storage?.setItem(key, JSON.stringify(record));
    } catch {
      throw new Problem("the browser cannot keep this decision", "save the decisions to a file now");
    }
  }

  try {
    for (const row of JSON.parse(storage?.getItem(key) ?? "[]")) take(row);
  } catch {
    // what another program left under this name is not ours to read
  }

  const own = (id) => (groups.has(id) ? foldPassage(groups.get(id)) : null);
  const changed = (ids) => ({ states: Object.fromEntries(ids.map((id) => [id, own(id)])), last: record.length });

  function made(passage, action, value, seconds, parent = null) {
    const saw = action !== "seen" && Boolean(own(passage.passage)?.seen);
    const rank = ["accept", "reject", "change"].includes(action) ? passage.offered.indexOf(value.theme) + 1 : 0;
    return {
      id: newId(), study: data.study, coder: data.coder, kind: "coding", target: passage.passage, action, value,
      time: new Date().toISOString(), seconds, saw_suggestion: saw,
      order_shown: saw || action === "seen" ? passage.shown.map((one) => one.theme) : [], rank: rank || null,
      model: data.model, codebook_version: data.codebook.version, text_sha256: data.texts[passage.transcript], parent,
    };
  }

  function write(rows) {
    for (const row of rows) take(row);
    unsaved += rows.length;
    keep();
  }

  const verbs = {
    hello: () => ({ kind: "coding", title: data.title, coders: [data.coder], closed: true, coder: data.coder }),
    open: () => ({
      kind: "coding", title: data.title, coder: data.coder, blind: data.blind, checks: data.checks, similar: false, little: data.little,
      alone: true, assisted: data.assisted, codebook: data.codebook, ...changed([...groups.keys()]),
      passages: data.passages.map((one) => [
        one.passage, one.cite, one.transcript, one.role, one.pieces.map((piece) => piece[0]).join(""), one.sampled,
      ]),
    }),
    view: ({ passage }) => passages.get(passage),
    decide({ passage, steps, seconds }) {
      const one = passages.get(passage);
      write(steps.map(({ action, value = {} }, n) => made(one, action, value, n ? 0 : seconds)));
      return changed([passage]);
    },
    suggestions({ passage, seconds }) {
      const one = passages.get(passage);
      const state = own(passage);
      if (!data.assisted) throw new Problem("this file holds no suggestions");
      if (data.blind && !(state && (state.seen || state.blind !== null))) throw new Problem("commit your own codes first");
      if (!state?.seen) write([made(one, "seen", { themes: one.offered }, seconds)]);
      const judged = own(passage).verdicts;
      return { ...changed([passage]), suggestions: one.shown.map((s) => (s.theme in judged ? s : { ...s, score: undefined })) };
    },
    undo() {
      for (const row of [...record].reverse()) {
        const group = groups.get(row.target);
        const seen = group.some((one) => one.action === "seen" || one.saw_suggestion);
        if (row.action === "undo" || row.action === "seen") continue;
        if (row.action === "commit" && seen && !row.saw_suggestion) continue;
        if (!standing(group).some((one) => one.id === row.id)) continue;
        write([made(passages.get(row.target), "undo", {}, 0, row.id)]);
        return { ...changed([row.target]), passage: row.target, undone: row.action };
      }
      return { states: {}, last: record.length, passage: null };
    },
  };

  return {
    pull: 0,
    unsaved: () => unsaved,
    count: () => record.length,
    saved: () => { unsaved = 0; },
    jsonl: () => record.map((row) => `${JSON.stringify(row)}\n`).join(""),
    /** Takes in decisions saved before; returns how many were new. */
    load(text) {
      const known = new Set(record.map((row) => row.id));
      const rows = text.split("\n").filter((line) => line.trim()).map((line) => JSON.parse(line));
      if (rows.some((row) => row.study !== data.study || row.coder !== data.coder || !passages.has(row.target))) {
        throw new Problem("this file holds decisions of another study, text or coder", "nothing was taken in");
      }
      const fresh = rows.filter((row) => !known.has(row.id));
      const all = [...record, ...fresh].sort((a, b) => (a.id < b.id ? -1 : 1));
      record.length = 0;
      groups.clear();
      for (const row of all) take(row);
      keep();
      return fresh.length;
    },
    async ask(verb, body) {
      if (!verbs[verb]) throw new Problem("the file without Python cannot do this");
      return verbs[verb](body);
    },
  };
}

// ---- keys --------------------------------------------------------------------------------------------------

const KEYS = {
  coding: {
    next: ["j", "next passage"], previous: ["k", "previous passage"],
    done: ["Enter", "commit codes, go on"], none: ["n", "no code applies"],
    suggestions: ["s", "open suggestions"], accept: ["a", "accept suggestion"],
    reject: ["r", "reject suggestion"], change: ["c", "change suggestion"],
    left: ["ArrowLeft", "suggestion before"], right: ["ArrowRight", "suggestion after"],
    find: ["t", "find a code by name"], select: ["v", "select words"], quote: ["q", "mark words as quote"],
    limit: ["x", "limit a code to the words"], join: ["+", "take in the next turn"], memo: ["m", "memo"], flag: ["f", "flag for discussion"],
    certainty: ["y", "how sure"], undo: ["u", "undo"], search: ["/", "search"], similar: ["l", "more like this"],
    list: ["h", "show or hide the list"], other: ["o", "compare coders"], keys: ["?", "keys"],
  },
  compare: {
    next: ["j", "next passage"], previous: ["k", "previous passage"], done: ["Enter", "resolve, go on"],
    none: ["n", "resolve to no code"], find: ["t", "find a code by name"], memo: ["m", "write the reason"],
    certainty: ["y", "how sure"], undo: ["u", "undo"], list: ["h", "show or hide the list"],
    other: ["o", "back to coding"], keys: ["?", "keys"],
  },
  redaction: {
    next: ["j", "next entity"], previous: ["k", "previous entity"], accept: ["a", "is an identifier"],
    reject: ["r", "not an identifier"], change: ["c", "change label"], merge: ["g", "same as another"],
    select: ["v", "select words"], limit: ["x", "these words are the identifier"], left: ["ArrowLeft", "context before"],
    right: ["ArrowRight", "context after"], rest: ["e", "accept what is left"], undo: ["u", "undo"],
    search: ["/", "search"], list: ["h", "show or hide the list"], other: ["o", "read transcripts"], keys: ["?", "keys"],
  },
  reading: {
    next: ["j", "next transcript"], previous: ["k", "previous transcript"], select: ["v", "select words"],
    missed: ["m", "mark as missed identifier"], left: ["ArrowLeft", "turn before"], right: ["ArrowRight", "turn after"],
    rest: ["e", "accept what is left"], undo: ["u", "undo"], list: ["h", "show or hide the list"],
    other: ["o", "back to the entities"], keys: ["?", "keys"],
  },
};

function storedKeys() {
  try {
    return JSON.parse(localStorage.getItem("svp-keys") ?? "{}");
  } catch {
    return {};
  }
}

class Keys {
  constructor() {
    this.own = storedKeys();
  }

  of(view, action) {
    return this.own[view]?.[action] ?? KEYS[view][action]?.[0];
  }

  action(view, key) {
    return Object.keys(KEYS[view]).find((action) => this.of(view, action) === key);
  }

  /** Gives an action another key; the action that had it takes the old one, so that none is lost. */
  set(view, action, key) {
    const taken = this.action(view, key);
    const old = this.of(view, action);
    this.own[view] = { ...this.own[view], ...(taken ? { [taken]: old } : {}), [action]: key };
    this.keep();
  }

  reset() {
    this.own = {};
    this.keep();
  }

  keep() {
    try {
      localStorage.setItem("svp-keys", JSON.stringify(this.own));
    } catch {
      // without storage the keys hold until the page is closed
    }
  }
}

// ---- the frame around every view -----------------------------------------------------------------------------

class Review {
  constructor(root, door) {
    this.door = door;
    this.keys = new Keys();
    this.chain = Promise.resolve();
    this.root = root;
    this.timer = new Stopwatch();
    this.header = h("header", { class: "top" });
    this.status = h("p", { class: "status", role: "status", "aria-live": "polite" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.stage = h("div", { class: "stage" });
    root.classList.add("svp-review");
    root.dataset.lmSuppressShortcuts = "true";
    root.replaceChildren(this.header, this.status, this.problem, this.stage);
    root.addEventListener("keydown", (event) => this.pressed(event));
    for (const kind of ["keydown", "pointerdown", "scroll"]) root.addEventListener(kind, () => this.timer.alive(), true);
    // Keys work wherever the page's focus is; in a notebook only inside the widget.
    if (root.classList.contains("svp-whole")) {
      document.addEventListener("keydown", (event) => { if (!root.contains(event.target)) this.pressed(event); });
    }
  }

  async start() {
    try {
      const hello = await this.door.ask("hello", {});
      this.hello = hello;
      const here = rememberedHere();
      const known = hello.coder || (here && (!hello.closed || hello.coders.includes(here)) ? here : "");
      if (known) await this.open(known);
      else this.askWho(hello);
    } catch (problem) {
      this.complain(problem);
    }
  }

  askWho(hello) {
    const field = h("input", { id: "svp-who", autocomplete: "off", maxlength: 40, required: true, list: "svp-coders" });
    const enter = (event) => {
      event.preventDefault();
      if (field.value.trim()) this.open(field.value.trim()).catch((problem) => this.complain(problem));
    };
    this.stage.replaceChildren(h("form", { class: "who-form", onsubmit: enter },
      h("h1", null, hello.title),
      h("p", null, hello.kind === "coding"
        ? "You code each passage before any suggestion opens. What you decide is stored at once."
        : "Every identifier that was found, in every context. What you decide is stored at once."),
      h("label", { for: "svp-who" }, "Who are you? Initials are enough."), field,
      h("datalist", { id: "svp-coders" }, hello.coders.map((coder) => h("option", { value: coder }))),
      h("button", { type: "submit", class: "main" }, "Begin", h("kbd", null, "⏎")),
    ));
    field.focus();
  }

  async open(coder) {
    const row = await this.door.ask("open", { coder });
    this.coder = coder;
    rememberHere(coder);
    this.problem.textContent = "";
    clearInterval(this.polling);
    this.views = row.kind === "coding" ? codingViews(this, row) : redactionViews(this, row);
    this.show(Object.keys(this.views)[0]);
    if (this.door.pull) this.polling = setInterval(() => this.pull(), this.door.pull);
  }

  /** Lets somebody else code in this tab. */
  leave() {
    clearInterval(this.polling);
    rememberHere("");
    this.view = null;
    repaint(this.header);
    this.say("");
    this.askWho(this.hello);
  }

  show(name) {
    this.viewName = name;
    this.view = this.views[name];
    this.paintHeader();
    this.stage.replaceChildren(this.view.node);
    this.say("");
    this.view.entered();
  }

  paintHeader() {
    const tabs = Object.entries(this.views).map(([name, view]) => h("button", {
      type: "button", role: "tab", "aria-selected": String(name === this.viewName), "data-focus": `tab-${name}`,
      onclick: () => this.show(name),
    }, view.title, name !== this.viewName ? h("kbd", null, shownKey(this.keys.of(this.viewName, "other"))) : null));
    repaint(this.header,
      h("strong", { class: "title" }, this.view.study),
      h("span", { class: "coder" }, `coder ${this.coder}${this.view.row.blind === false ? " · not blind: suggestions are shown at once" : ""}`),
      this.hello.coder ? null : button("Not you?", null, () => this.leave(), { class: "plain", "data-focus": "leave" }),
      h("div", { class: "tabs", role: "tablist", "aria-label": "Views" }, tabs.length > 1 ? tabs : []),
      h("span", { class: "progress" }, this.view.progress()),
      h("span", { class: "grow" }),
      this.door.jsonl ? saveButtons(this) : null,
      button("List", this.keys.of(this.viewName, "list"), () => this.do("list"), { "data-focus": "list-button" }),
      button("Undo", this.keys.of(this.viewName, "undo"), () => this.do("undo"), { "data-focus": "undo" }),
      button("Keys", this.keys.of(this.viewName, "keys"), () => this.do("keys"), { "data-focus": "keys" }),
    );
  }

  say(words) {
    this.status.textContent = words;
  }

  complain(problem) {
    this.problem.textContent = problem instanceof Problem ? `Not stored: ${problem.message}` : `Not stored: a fault in the page (${problem.message})`;
  }

  /** Does one thing after the other, in the order the keys were pressed. */
  do(action, ...given) {
    const started = performance.now();
    const task = async () => {
      try {
        this.problem.textContent = "";
        if (action === "keys") this.askKeys();
        else if (action === "other") this.showOther();
        else await this.view.act(action, ...given);
        this.paintHeader();
        this.root.dataset.took = (performance.now() - started).toFixed(1);
        this.root.dataset.done = Number(this.root.dataset.done ?? 0) + 1;
      } catch (problem) {
        this.complain(problem);
        this.root.dataset.done = Number(this.root.dataset.done ?? 0) + 1;
      }
    };
    this.chain = this.chain.then(task);
    return this.chain;
  }

  showOther() {
    const names = Object.keys(this.views);
    if (names.length > 1) this.show(names[(names.indexOf(this.viewName) + 1) % names.length]);
  }

  pull() {
    if (!this.view || document.hidden || !this.root.isConnected) return;
    this.chain = this.chain.then(() => this.view?.pull()).then(() => this.view && this.paintHeader()).catch(() => {
      this.complain(new Problem("svp-nlp review no longer answers", "start it again; what was decided is kept"));
    });
  }

  pressed(event) {
    if (!this.view || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("dialog")) return;
    const field = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (field) {
      if (event.key === "Escape") { field.blur(); this.view.focus?.(); event.preventDefault(); }
      return;
    }
    const native = event.target.closest?.("button, summary, a") && (event.key === "Enter" || event.key === " ");
    if (native || event.key === "Tab") return;
    if (this.view.special?.(event)) { event.preventDefault(); event.stopPropagation(); return; }
    const arrows = { ArrowDown: "next", ArrowUp: "previous" };
    const action = this.keys.action(this.viewName, event.key) ?? arrows[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    this.do(action);
  }

  /** Opens a dialog; returns a function that closes it. */
  dialog(title, ...content) {
    const dialog = h("dialog", { "aria-label": title }, h("h2", null, title), content);
    dialog.addEventListener("close", () => { dialog.remove(); this.view.focus?.(); });
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    this.root.append(dialog);
    dialog.showModal();
    dialog.querySelector("input, textarea, button")?.focus();
    return () => dialog.close();
  }

  askKeys() {
    const view = this.viewName;
    const list = h("div", { class: "key-list" });
    const paint = () => list.replaceChildren(...Object.entries(KEYS[view]).map(([action, [, words]]) => h("div", null,
      h("span", null, words),
      h("button", { type: "button", "aria-label": `${words}: key ${this.keys.of(view, action)}; press to change`, onclick: (event) => catchKey(event.currentTarget, action) },
        h("kbd", null, shownKey(this.keys.of(view, action)))),
    )));
    const catchKey = (node, action) => {
      node.textContent = "press a key";
      node.addEventListener("keydown", (event) => {
        event.preventDefault();
        event.stopPropagation();
        if (event.key !== "Escape" && event.key !== "Tab" && !/^[0-9]$/.test(event.key)) this.keys.set(view, action, event.key);
        paint();
        list.querySelector("button").focus();
        this.paintHeader();
        this.view.paint();
      }, { once: true });
    };
    paint();
    const close = this.dialog("Keys",
      h("p", null, view === "coding" || view === "compare" ? "A code has two keys: the number of its domain, then its own." : "Labels are chosen by their number."),
      list,
      h("div", { class: "actions" },
        button("Back to the first keys", null, () => { this.keys.reset(); paint(); this.paintHeader(); this.view.paint(); }),
        button("Close", "Escape", () => close())));
  }
}

/** Counts the seconds somebody was at work: a pause longer than a minute counts as one minute. */
class Stopwatch {
  constructor() {
    this.spent = 0;
    this.last = performance.now();
  }

  alive() {
    const now = performance.now();
    this.spent += Math.min(now - this.last, AWAY_AFTER);
    this.last = now;
  }

  take() {
    this.alive();
    const seconds = this.spent / 1000;
    this.spent = 0;
    return Math.round(seconds * 100) / 100;
  }
}

function rememberHere(coder) {
  try { sessionStorage.setItem("svp-coder", coder); } catch { /* asked again after a reload */ }
}

function rememberedHere() {
  try { return sessionStorage.getItem("svp-coder"); } catch { return null; }
}

/** Replaces what is in *node*, and gives the focus back to what had it. */
function repaint(node, ...children) {
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  node.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  if (focused) node.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function saveButtons(app) {
  const load = h("input", { type: "file", accept: ".jsonl", class: "hidden-file", "aria-label": "Decisions saved before" });
  load.addEventListener("change", async () => {
    try {
      const fresh = app.door.load(await load.files[0].text());
      await app.open(app.coder);
      app.say(`${plural(fresh, "decision")} taken in`);
    } catch (problem) {
      app.complain(problem instanceof Problem ? problem : new Problem("this is no file of decisions"));
    }
  });
  const save = () => {
    const link = h("a", {
      href: URL.createObjectURL(new Blob([app.door.jsonl()], { type: "application/jsonl" })),
      download: `decisions-${app.coder.replace(/[^\w-]+/g, "_")}.jsonl`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    app.door.saved();
    app.say("The decisions were saved as a file. Send it to whoever gave you this page.");
  };
  return [
    h("label", { class: "load" }, "Load…", load),
    button(`Save ${plural(app.door.count(), "decision")}`, null, save, { class: "main", "data-focus": "save" }),
  ];
}

// ---- the codebook beside the text ------------------------------------------------------------------------------

class Codebook {
  constructor(app, book, toggled) {
    this.app = app;
    this.book = book;
    this.toggled = toggled;
    this.themes = new Map(book.themes.map((theme) => [theme.id, theme]));
    this.places = new Map();
    book.domains.forEach((domain, d) => {
      this.of(domain.id).forEach((theme, t) => this.places.set(theme.id, [d, t]));
    });
    this.pending = null;
    this.boxes = new Map();
    this.title = h("h2", { class: "book-title" }, "Codes");
    this.field = h("input", {
      type: "search", "aria-label": "Find a code by name", placeholder: "find a code", oninput: () => this.filter(),
      onkeydown: (event) => this.typed(event),
    });
    this.groups = book.domains.map((domain, d) => this.group(domain, d));
    this.node = h("aside", { class: "book", "aria-label": "Codebook" }, this.title, this.field, this.groups);
  }

  of(domain) {
    return this.book.themes.filter((theme) => theme.domain === domain);
  }

  label(id) {
    return this.themes.get(id)?.label ?? id;
  }

  /** The two keys of a theme. */
  marks(id) {
    const [d, t] = this.places.get(id) ?? [];
    return d === undefined ? null : h("kbd", { class: "chord" }, `${MARKS[d]} ${MARKS[t]}`);
  }

  tint(id) {
    return `tint-${((this.places.get(id)?.[0] ?? 0) % 6) + 1}`;
  }

  chip(id, ...more) {
    return h("span", { class: `chip ${this.tint(id)}` }, this.label(id), more);
  }

  group(domain, d) {
    return h("section", { class: `domain tint-${(d % 6) + 1}`, "aria-label": domain.label },
      h("h3", null, h("kbd", null, MARKS[d]), domain.label), this.of(domain.id).map((theme) => this.entry(theme)));
  }

  entry(theme) {
    const box = h("input", { type: "checkbox", onchange: () => this.app.do("toggle", theme.id), "data-theme": theme.id });
    this.boxes.set(theme.id, box);
    const lists = [["Use it for", theme.include], ["Not for", theme.exclude]].filter(([, list]) => list.length);
    return h("div", { class: "theme", "data-name": `${theme.label} ${theme.id}`.toLowerCase() },
      h("label", null, box, h("span", null, theme.label), this.marks(theme.id)),
      h("details", null, h("summary", null, "meaning"),
        theme.definition ? h("p", null, theme.definition) : null,
        lists.map(([title, list]) => [h("h4", null, title), h("ul", null, list.map((one) => h("li", null, one)))]),
        theme.exemplars.length ? h("h4", null, "Examples") : null,
        theme.exemplars.map(([text, source]) => h("blockquote", null, text, source ? h("cite", null, ` ${source}`) : null))));
  }

  filter() {
    const words = this.field.value.trim().toLowerCase();
    for (const node of this.node.querySelectorAll(".theme")) node.hidden = !node.dataset.name.includes(words);
  }

  typed(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = [...this.node.querySelectorAll(".theme")].find((node) => !node.hidden);
    if (!first || !this.field.value.trim()) return;
    this.field.value = "";
    this.filter();
    this.app.do("toggle", first.querySelector("input").dataset.theme);
    this.app.view.focus();
  }

  /** Ticks the boxes of *themes*; *title* says what choosing does now. */
  show(themes, title = "Codes", choosing = false) {
    this.title.textContent = title;
    this.node.classList.toggle("choosing", choosing);
    for (const [id, box] of this.boxes) box.checked = themes.has(id);
  }

  /** Takes one key of a theme's two; tells whether the key was meant for the codebook. */
  chord(key) {
    const n = MARKS.indexOf(key);
    if (this.pending === null) {
      if (!/^[1-9]$/.test(key) || n >= this.book.domains.length) return false;
      this.pending = n;
      this.app.say(`${key} …  ${this.of(this.book.domains[n].id).map((t, i) => `${MARKS[i]} ${t.label}`).join(" · ")}`);
      return true;
    }
    const theme = n < 0 ? null : this.of(this.book.domains[this.pending].id)[n];
    this.pending = null;
    this.app.say(theme ? "" : "no such code");
    if (theme) this.app.do("toggle", theme.id);
    return true;
  }
}

/** Tells whether there is less room than *rems*: the steps at which review.css changes the columns. */
function narrower(node, rems) {
  return node.closest(".svp-review").clientWidth <= rems * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** Shows or hides the list: on a wide page it is there unless hidden, on a narrow one hidden unless shown. */
function toggleList(node) {
  node.classList.toggle(narrower(node, 66) ? "with-list" : "without-list");
}

function showList(node) {
  node.classList.remove("without-list");
  node.classList.add("with-list");
}

/** Gives the focus to what is read; on a narrow page, where everything stands in one column, shows it too. */
function intoView(work) {
  work.focus({ preventScroll: true });
  if (narrower(work, 44)) work.scrollIntoView({ block: "start" });
}

/** The themes of a coding that were split since, and wait for their coder to choose. */
function splitThemes(state) {
  return Object.keys(state?.split ?? {});
}

/** What coding and comparing share: a list, a passage, the codebook. */
class PassageView {
  constructor(app, row) {
    this.app = app;
    this.row = row;
    this.study = row.title;
    this.passages = row.passages.map(([id, cite, transcript, role, text, sampled]) => ({ id, cite, transcript, role, text, sampled }));
    this.numbers = new Map(this.passages.map((one, n) => [one.id, n]));
    this.views = new Map();
    this.book = new Codebook(app, row.codebook);
    this.work = h("article", { class: "work", tabindex: -1, "data-focus": "work" });
    this.shown = [];
    this.at = 0;
    this.words = null;
    this.selecting = false;
  }

  get passage() {
    return this.passages[this.shown[this.at]];
  }

  focus() {
    intoView(this.work);
  }

  /** The label a theme had in the codebook before. */
  earlier(id) {
    return this.row.earlier?.[id] ?? id;
  }

  /** The pieces of a passage, asked for once and ahead of time for its neighbours. */
  async piecesOf(id) {
    if (!this.views.has(id)) this.views.set(id, this.app.door.ask("view", { passage: id }));
    try {
      return await this.views.get(id);
    } catch (problem) {
      this.views.delete(id);
      throw problem;
    }
  }

  ahead() {
    for (const n of [this.at + 1, this.at - 1, this.at + 2]) {
      const next = this.passages[this.shown[n]];
      if (next) this.piecesOf(next.id).catch(() => {});
    }
  }

  question() {
    if (!this.view.question.length) return null;
    return h("p", { class: "question" }, h("span", { class: "who" }, "question"), this.view.question.map((piece) => piece[0]).join(""));
  }

  special(event) {
    if (event.key === "Escape") {
      if (this.selecting) { this.selecting = false; this.words?.end(); this.app.say(""); return true; }
      return this.escape?.() ?? false;
    }
    if (this.selecting && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      this.words.move(event.key === "ArrowRight" ? 1 : -1, event.shiftKey);
      return true;
    }
    return this.book.chord(event.key);
  }

  startSelecting() {
    this.selecting = Boolean(this.words?.begin());
    this.focus();
    this.app.say("← and → move by words, with Shift they select; Esc ends");
  }

  toggleList() {
    toggleList(this.node);
  }
}

// ---- coding ------------------------------------------------------------------------------------------------------

function codingViews(app, row) {
  const coding = new CodingView(app, row);
  return row.alone ? { coding } : { coding, compare: new CompareView(app, row) };
}

const STATES = {
  all: "all passages", open: "not yet decided", split: "to be decided again", decided: "decided", unopened: "suggestions not opened",
  coded: "with a code", none: "decided: no code", flagged: "flagged", differ: "coders differ", sampled: "sample without suggestion",
};

class CodingView extends PassageView {
  constructor(app, row) {
    super(app, row);
    this.title = "Code";
    this.states = new Map(Object.entries(row.states));
    this.suggestions = new Map();
    this.card = 0;
    this.picking = null;
    this.like = null;
    this.list = new LongList("Passages", (n) => this.listRow(n), (n) => app.do("go", n));
    this.filters = this.makeFilters();
    this.node = h("div", { class: "columns" },
      h("nav", { class: "list", "aria-label": "Passages" }, this.filters.node, this.list.node), this.work, this.book.node);
  }

  makeFilters() {
    const refilter = () => this.app.do("filter");
    const choose = (name, label, options) => h("select", { "aria-label": label, onchange: refilter, "data-filter": name }, options);
    const option = (value, words) => h("option", { value }, words);
    const transcripts = [...new Set(this.passages.map((one) => one.transcript))];
    const split = Object.values(this.row.states).some((one) => splitThemes(one).length);
    const states = Object.entries(STATES).filter(([key]) => (key !== "differ" || !this.row.alone) && (key !== "split" || split));
    const book = this.row.codebook;
    const fields = {
      text: h("input", { type: "search", "aria-label": "Search in the passages", placeholder: "search", onchange: refilter, onkeydown: (event) => {
        if (event.key === "Enter") { event.preventDefault(); refilter(); this.focus(); }
      } }),
      transcript: choose("transcript", "Transcript", [option("", "all transcripts"), ...transcripts.map((id) => option(id, `transcript ${id}`))]),
      role: choose("role", "Who speaks", [option("answers", "answers"), option("", "everybody")]),
      state: choose("state", "What was decided", states.map(([key, words]) => option(key, words))),
      theme: choose("theme", "Coded as", [option("", "any code"), ...book.domains.map((domain) => h("optgroup", { label: domain.label },
        option(`domain ${domain.id}`, `${domain.label}: any`), this.book.of(domain.id).map((theme) => option(theme.id, theme.label))))]),
    };
    return { ...fields, node: h("div", { class: "filters" }, Object.values(fields)) };
  }

  state(id = this.passage?.id) {
    return this.states.get(id) ?? null;
  }

  progress() {
    const answers = this.passages.filter((one) => one.role !== "interviewer");
    return `${answers.filter((one) => this.state(one.id)?.decided).length} of ${plural(answers.length, "answer")} decided`;
  }

  async entered() {
    if (!this.shown.length) await this.filter();
    this.list.show(this.shown.length, this.at);
    await this.go(this.at);
  }

  async filter() {
    const here = this.passage?.id;
    const [words, state, theme] = [this.filters.text.value.trim().toLowerCase(), this.filters.state.value, this.filters.theme.value];
    const differ = state === "differ" ? new Set((await this.app.door.ask("compare", { coder: this.app.coder })).rows.filter((one) => one.differ).map((one) => one.passage)) : null;
    const fits = (one) => (!this.like || this.like.includes(one.id))
      && (!this.filters.transcript.value || one.transcript === this.filters.transcript.value)
      && (!this.filters.role.value || one.role !== "interviewer")
      && (!words || one.text.toLowerCase().includes(words))
      && this.fitsState(one, state, differ) && this.fitsTheme(one, theme);
    this.shown = this.passages.flatMap((one, n) => (fits(one) ? [n] : []));
    if (this.like) this.shown.sort((a, b) => this.like.indexOf(this.passages[a].id) - this.like.indexOf(this.passages[b].id));
    this.at = Math.max(0, this.shown.indexOf(this.numbers.get(here)));
    this.list.show(this.shown.length, this.at);
    this.app.say(`${plural(this.shown.length, "passage")}${this.like ? ", likest first; Esc shows all again" : ""}`);
  }

  fitsState(one, state, differ) {
    const own = this.state(one.id);
    return {
      all: true, open: !own?.decided, split: splitThemes(own).length, decided: own?.decided, unopened: own?.decided && !own.seen, flagged: own?.flagged,
      coded: own?.themes.length, none: own?.decided && !own.themes.length, sampled: one.sampled, differ: differ?.has(one.id),
    }[state];
  }

  fitsTheme(one, theme) {
    const themes = this.state(one.id)?.themes ?? [];
    if (!theme) return true;
    return theme.startsWith("domain ") ? themes.some((id) => `domain ${this.book.themes.get(id)?.domain}` === theme) : themes.includes(theme);
  }

  listRow(n) {
    const one = this.passages[this.shown[n]];
    const own = this.state(one.id);
    const mark = own?.decided ? "✓" : own?.themes.length ? "…" : "○";
    const again = splitThemes(own).map((id) => this.earlier(id)).join(" · ");
    const told = own?.decided ? (own.themes.length ? own.themes.map((id) => this.book.label(id)).join(" · ") : "no code")
      : again ? `to be decided again: ${again}` : "not decided";
    return [
      h("span", { class: "mark", "aria-hidden": "true" }, mark),
      h("span", { class: "cite" }, one.cite, own?.flagged ? " ⚑" : "", one.sampled ? " ◇" : ""),
      h("span", { class: "told" }, told),
      h("span", { class: "text" }, one.text.slice(0, 160)),
    ];
  }

  absorb(row) {
    for (const [id, state] of Object.entries(row.states)) this.states.set(id, state);
    this.app.last = row.last;
  }

  async pull() {
    const row = await this.app.door.ask("pull", { coder: this.app.coder, since: this.app.last ?? this.row.last });
    const touched = Object.keys(row.states).length;
    this.absorb(row);
    if (!touched) return;
    this.list.paint();
    if (this.passage && this.passage.id in row.states) await this.reopen();
  }

  async go(n) {
    if (!this.shown.length) {
      this.view = this.words = null;
      repaint(this.work, h("p", { class: "empty" }, "No passage fits these filters."));
      this.book.show(new Set());
      return;
    }
    this.at = Math.min(Math.max(n, 0), this.shown.length - 1);
    this.taken = 0;
    this.view = await this.joined();
    this.selecting = false;
    this.picking = null;
    this.card = 0;
    this.app.timer.take();
    this.list.show(this.shown.length, this.at);
    await this.reopen();
    this.work.scrollTop = 0;
    if (!this.node.contains(document.activeElement) || this.work.contains(document.activeElement)) this.focus();
    this.ahead();
  }

  /** The passage's pieces, with those of the turns after it that were taken in now or by a code before. */
  async joined() {
    const { question, pieces } = await this.piecesOf(this.passage.id);
    const own = this.state();
    const spans = [...Object.values(own?.pieces ?? {}).flat(), ...(own?.quotes ?? []).flatMap((quote) => quote.pieces)];
    const reach = Math.max(0, ...spans.map(([, end]) => end));
    const all = [...pieces];
    let at = this.numbers.get(this.passage.id);
    for (let n = 0; n < this.taken || all.at(-1)[2] < reach; n += 1) {
      at += 1;
      const next = this.passages[at];
      if (next?.transcript !== this.passage.transcript) break;
      all.push(["\n", null, null, "space"], ...(await this.piecesOf(next.id)).pieces);
      this.taken = Math.max(this.taken, n + 1);
    }
    return { question, pieces: all };
  }

  async on_join() {
    const before = this.view.pieces.length;
    this.taken += 1;
    this.view = await this.joined();
    this.paint();
    this.app.say(this.view.pieces.length > before ? "The next turn is taken in; codes chosen now cover all that is shown." : "There is no next turn.");
  }

  /** Shows the passage as it is now; suggestions that were seen are shown again. */
  async reopen() {
    if ((this.state()?.seen || !this.row.blind) && this.row.assisted !== false) await this.ask();
    this.paint();
  }

  async ask() {
    const row = await this.app.door.ask("suggestions", { coder: this.app.coder, passage: this.passage.id, seconds: this.app.timer.take() });
    this.suggestions.set(this.passage.id, row.suggestions);
    this.absorb(row);
  }

  async decide(...steps) {
    const row = await this.app.door.ask("decide", { coder: this.app.coder, passage: this.passage.id, steps, seconds: this.app.timer.take() });
    this.absorb(row);
    if (this.state()?.seen) await this.ask();
    this.list.paint();
    this.paint();
  }

  codes(themes, more = {}) {
    const own = this.state();
    const fresh = this.taken ? themes.filter((id) => !own?.themes.includes(id)) : [];
    const whole = Object.fromEntries(fresh.map((id) => [id, positions(this.view.pieces, 0, this.view.pieces.length - 1)]));
    const pieces = Object.fromEntries(Object.entries({ ...own?.pieces, ...whole, ...more.pieces }).filter(([id]) => themes.includes(id)));
    const certainty = more.certainty ?? own?.certainty;
    return { action: "code", value: { themes, ...(Object.keys(pieces).length ? { pieces } : {}), ...(certainty == null ? {} : { certainty }) } };
  }

  committed() {
    const own = this.state();
    if (!own) return false;
    if (own.seen || !this.row.blind) return own.decided;
    return own.blind !== null && own.blind.join() === own.themes.join();
  }

  async act(action, given) {
    const name = `on_${action}`;
    if (this[name] && (this.passage || ["filter", "search", "undo", "list"].includes(action))) await this[name](given);
  }

  on_go(n) { return this.go(n); }
  on_next() { return this.go(this.at + 1); }
  on_previous() { return this.go(this.at - 1); }
  on_filter() { return this.filter().then(() => this.go(this.at)); }
  on_list() { this.toggleList(); }
  on_select() { this.startSelecting(); }

  on_search() {
    showList(this.node);
    this.filters.text.focus();
    this.filters.text.select();
  }

  on_find() {
    this.book.field.focus();
  }

  async on_done() {
    if (this.picking) return this.picked();
    if (!this.committed()) {
      const none = this.state()?.themes.length ? "" : ", no code";
      await this.decide({ action: "commit" });
      this.app.say(`${this.passage.cite}: committed${none}`);
      if (!this.row.blind || this.state().seen) return this.goOn();
    }
    return this.goOn();
  }

  goOn() {
    const rest = [...this.shown.keys()].filter((n) => n > this.at);
    const next = rest.find((n) => !this.state(this.passages[this.shown[n]].id)?.decided) ?? rest[0];
    return next === undefined ? this.app.say("That was the last passage shown.") : this.go(next);
  }

  async on_none() {
    const blind = !this.state()?.seen;
    await this.decide({ action: "none" }, ...(blind ? [{ action: "commit" }] : []));
    this.app.say(`${this.passage.cite}: no code applies`);
  }

  async on_toggle(id) {
    if (this.picking) return this.pick(id);
    const themes = new Set(this.state()?.themes);
    const had = themes.delete(id);
    if (!had) themes.add(id);
    await this.decide(this.codes([...themes].sort()));
    this.app.say(`${had ? "without" : "with"} ${this.book.label(id)}`);
  }

  async on_suggestions() {
    if (this.row.assisted === false) return this.app.say("This file holds no suggestions.");
    if (this.row.blind && !this.state()?.seen && !this.committed()) {
      return this.app.say(`Commit your own codes first (${shownKey(this.app.keys.of("coding", "done"))}), none too.`);
    }
    await this.ask();
    this.paint();
    const many = this.suggestions.get(this.passage.id).length;
    this.app.say(many ? `${plural(many, "suggestion")} in random order` : "Nothing is suggested for this passage.");
  }

  offered() {
    return this.state()?.seen ? this.suggestions.get(this.passage.id) ?? [] : [];
  }

  async judge(action) {
    const one = this.offered()[this.card];
    if (!one) return this.app.say("No suggestion is open.");
    await this.decide({ action, value: { theme: one.theme } });
    this.app.say(`${action === "accept" ? "accepted" : "rejected"}: ${this.book.label(one.theme)}`);
    this.nextCard();
  }

  nextCard() {
    const open = this.offered().findIndex((one) => !(one.theme in this.state().verdicts));
    if (open >= 0) this.card = open;
    this.paint();
  }

  on_accept() { return this.judge("accept"); }
  on_reject() { return this.judge("reject"); }

  on_change() {
    const one = this.offered()[this.card];
    if (!one) return this.app.say("No suggestion is open.");
    return this.startPicking(`Instead of “${this.book.label(one.theme)}”`, true, async (themes) => {
      await this.decide({ action: "change", value: { theme: one.theme, to: themes } });
      this.app.say(`changed: ${this.book.label(one.theme)}`);
      this.nextCard();
    });
  }

  on_left() { this.card = Math.max(0, this.card - 1); this.paint(); }
  on_right() { this.card = Math.min(Math.max(0, this.offered().length - 1), this.card + 1); this.paint(); }

  startPicking(title, many, done) {
    this.picking = { title, many, done, chosen: new Set() };
    this.app.say(`${title}: choose ${many ? "codes, then ⏎" : "a code"}; Esc leaves it`);
    this.paint();
  }

  async pick(id) {
    const { chosen, many } = this.picking;
    if (!chosen.delete(id)) chosen.add(id);
    if (!many) return this.picked();
    this.paint();
    return null;
  }

  async picked() {
    const { chosen, done } = this.picking;
    if (!chosen.size) return this.app.say("Choose a code first; Esc leaves it.");
    this.picking = null;
    return done([...chosen].sort());
  }

  escape() {
    if (this.picking) {
      this.picking = null;
      this.app.say("");
      this.paint();
      return true;
    }
    if (this.book.pending !== null) { this.book.pending = null; this.app.say(""); return true; }
    if (this.like) { this.like = null; this.app.do("filter"); return true; }
    return false;
  }

  /** Does something with the selected words and a code: the only one there is, or one that is chosen. */
  withWords(title, done) {
    const spans = this.words.positions();
    if (!spans) return this.app.say(`Select the words first: ${shownKey(this.app.keys.of("coding", "select"))}, or the mouse.`);
    const themes = this.state()?.themes ?? [];
    const finish = async (theme) => { this.selecting = false; await done(theme, spans); };
    return themes.length === 1 ? finish(themes[0]) : this.startPicking(title, false, ([theme]) => finish(theme));
  }

  on_quote() {
    return this.withWords("A quote for which code?", async (theme, pieces) => {
      await this.decide({ action: "quote", value: { theme, pieces } });
      this.app.say(`quote marked for ${this.book.label(theme)}`);
    });
  }

  on_limit() {
    return this.withWords("Which code are these words?", async (theme, spans) => {
      const themes = [...new Set([...(this.state()?.themes ?? []), theme])].sort();
      await this.decide(this.codes(themes, { pieces: { [theme]: spans } }));
      this.app.say(`${this.book.label(theme)}: only these words`);
    });
  }

  on_memo() {
    const field = h("textarea", { rows: 5, "aria-label": "Memo" });
    const save = () => {
      const text = field.value.trim();
      close();
      if (text) this.app.do("note", text);
    };
    field.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save(); });
    const close = this.app.dialog(`Memo on ${this.passage.cite}`, field, h("div", { class: "actions" },
      button("Save", "Ctrl ⏎", save, { class: "main" }), button("Leave", "Escape", () => close())));
  }

  async on_note(text) {
    await this.decide({ action: "memo", value: { text } });
    this.app.say("memo kept");
  }

  async on_flag() {
    await this.decide({ action: "flag", value: { on: !this.state()?.flagged } });
    this.app.say(this.state().flagged ? "flagged for discussion" : "no longer flagged");
  }

  async on_certainty() {
    const now = CERTAINTIES.findIndex(([, value]) => value === this.state()?.certainty);
    const [words, certainty] = CERTAINTIES[(now + 1) % CERTAINTIES.length];
    await this.decide(this.codes(this.state()?.themes ?? [], { certainty }));
    this.app.say(words);
  }

  async on_undo() {
    const row = await this.app.door.ask("undo", { coder: this.app.coder });
    this.absorb(row);
    if (!row.passage) return this.app.say("There is nothing to undo.");
    const at = this.shown.indexOf(this.numbers.get(row.passage));
    if (at < 0) {
      for (const name of ["text", "transcript", "theme", "role"]) this.filters[name].value = "";
      this.filters.state.value = "all";
      this.like = null;
      await this.filter();
    }
    await this.go(this.shown.indexOf(this.numbers.get(row.passage)));
    this.app.say(`undone: ${row.undone}, ${this.passage.cite}`);
    return null;
  }

  async on_similar() {
    if (!this.row.similar) return this.app.say("Likeness is not known in this study.");
    const row = await this.app.door.ask("similar", { passage: this.passage.id });
    this.like = [this.passage.id, ...row.passages];
    await this.filter();
    return this.go(0);
  }

  paint() {
    if (!this.view) return;
    const own = this.state();
    const one = this.offered()[this.card];
    this.words = new Words(this.view.pieces, (node, piece) => this.paintPiece(node, piece, own, one));
    const themes = this.picking ? this.picking.chosen : new Set(own?.themes);
    this.book.show(themes, this.picking?.title ?? "Codes", Boolean(this.picking));
    this.work.setAttribute("aria-label", `${this.passage.cite}, passage ${this.at + 1} of ${this.shown.length}`);
    repaint(this.work,
      h("p", { class: "cite" }, h("strong", null, this.passage.cite), ` · ${this.passage.role} · ${this.at + 1} of ${this.shown.length}`),
      this.question(),
      h("p", { class: "spoken" }, this.words.node),
      this.again(own),
      this.codesNow(own),
      this.actions(own),
      this.cards(own),
      this.notes(own),
    );
  }

  paintPiece(node, piece, own, suggestion) {
    for (const quote of own?.quotes ?? []) if (inside(piece, quote.pieces)) node.classList.add("quoted");
    for (const [id, spans] of Object.entries(own?.pieces ?? {})) {
      if (inside(piece, spans)) { node.classList.add("limited", this.book.tint(id)); node.title = this.book.label(id); }
    }
    if (suggestion?.sentence && inside(piece, suggestion.sentence)) node.classList.add("reason");
  }

  /** What a code became that the codebook no longer has as one: its parts, for the coder to choose from. */
  again(own) {
    const done = shownKey(this.app.keys.of("coding", "done"));
    return splitThemes(own).map((id) => h("p", { class: "again", role: "note" },
      h("strong", null, "To be decided again: "), `“${this.earlier(id)}” was split. Choose what applies, then ${done}; without a choice none does. `,
      own.split[id].map((part) => h("button", {
        type: "button", class: `chip ${this.book.tint(part)}`, "aria-label": `choose ${this.book.label(part)}`, "data-focus": `part-${part}`,
        onclick: () => this.app.do("toggle", part),
      }, this.book.label(part)))));
  }

  codesNow(own) {
    const state = this.committed() ? (own.seen ? "decided" : "committed") : splitThemes(own).length ? "to be decided again" : own?.themes.length ? "not yet committed" : "nothing coded yet";
    const chips = (own?.themes ?? []).map((id) => h("button", {
      type: "button", class: `chip ${this.book.tint(id)}`, "aria-label": `take away ${this.book.label(id)}`,
      "data-focus": `chip-${id}`, onclick: () => this.app.do("toggle", id),
    }, this.book.label(id), own.pieces[id] ? " (some words)" : "", h("span", { "aria-hidden": "true" }, " ×")));
    const none = own?.decided && !own.themes.length ? h("span", { class: "chip empty" }, "no code") : null;
    const blind = own?.seen && own.blind !== null ? h("span", { class: "small" }, `before suggestions: ${own.blind.map((id) => this.book.label(id)).join(" · ") || "no code"}`) : null;
    return h("div", { class: "codes", "aria-label": "Codes of this passage" }, chips, none, h("span", { class: "state" }, this.committed() ? "✓ " : "", state), blind);
  }

  actions(own) {
    const key = (name) => this.app.keys.of("coding", name);
    const act = (name, words, properties) => button(words, key(name), () => this.app.do(name), { "data-focus": name, ...properties });
    const certainty = CERTAINTIES.find(([, value]) => value === own?.certainty)?.[0] ?? "not said";
    return h("div", { class: "actions" },
      act("done", this.picking ? "Take these codes" : this.committed() ? "Next" : "Commit", { class: "main" }),
      act("none", "No code"),
      own?.seen || this.row.assisted === false ? null : act("suggestions", "Suggestions", { "aria-disabled": String(this.row.blind && !this.committed()) }),
      act("select", "Select words"), act("quote", "Quote"), act("limit", "Only these words"), act("join", "Next turn too"), act("memo", "Memo"),
      act("flag", own?.flagged ? "Flagged ⚑" : "Flag", { "aria-pressed": String(Boolean(own?.flagged)) }),
      act("certainty", `How sure: ${certainty}`), this.row.similar ? act("similar", "More like this") : null);
  }

  cards(own) {
    if (!own?.seen) return null;
    const offered = this.offered();
    const told = this.row.checks ? " Some are planted, to see how closely they are read." : "";
    const little = offered.filter((one) => this.row.little?.includes(one.theme));
    const all = little.length > 1 && little.length === offered.length ? " The model knows little of these themes yet." : "";
    return h("section", { class: "suggestions", "aria-label": "Suggestions" },
      h("h3", null, "Suggestions"),
      h("p", { class: "small" }, offered.length ? `In random order; how likely the model finds each is told once you decided.${told}${all}` : "The model suggests nothing here."),
      h("ol", { class: "cards" }, offered.map((one, n) => this.suggestionCard(one, n, own, !all && little.includes(one)))),
      offered.length ? button("None of these: no code applies", this.app.keys.of("coding", "none"), () => this.app.do("none"), { class: "verdict" }) : null);
  }

  suggestionCard(one, n, own, little) {
    const verdict = own.verdicts[one.theme];
    const key = (name) => (n === this.card ? this.app.keys.of("coding", name) : null);
    const act = (name, words, past) => button(words, key(name), () => { this.card = n; this.app.do(name); },
      { class: "verdict", "aria-pressed": String(verdict === past), "data-focus": `${name}-${one.theme}`, "aria-label": `${words}: ${this.book.label(one.theme)}` });
    const told = { accept: "✓ accepted", reject: "✕ rejected", change: "⇄ changed" }[verdict];
    const score = one.score === undefined ? null : one.score === null ? "a planted check" : `the model: ${one.score.toFixed(2)}`;
    return h("li", { class: `card ${this.book.tint(one.theme)}`, "aria-current": n === this.card ? "true" : null },
      h("p", { class: "name" }, this.book.label(one.theme), told ? h("span", { class: "told" }, told) : null, score ? h("span", { class: "small" }, score) : null),
      one.exemplar ? h("p", { class: "small" }, "Like: “", one.exemplar.slice(0, 220), one.exemplar.length > 220 ? "…" : "", `” ${one.source ?? ""}`) : null,
      little ? h("p", { class: "small" }, "The model knows little of this theme yet.") : null,
      h("div", { class: "verdicts" }, act("accept", "Accept", "accept"), act("reject", "Reject", "reject"), act("change", "Change", "change")));
  }

  notes(own) {
    if (!own?.memos.length && !own?.quotes.length) return null;
    return h("section", { class: "notes", "aria-label": "Quotes and memos" },
      own.quotes.map((quote) => h("blockquote", null, wordsAt(this.view.pieces, quote.pieces), h("cite", null, ` ${this.book.label(quote.theme)}`))),
      own.memos.map((memo) => h("p", { class: "memo" }, memo)));
  }
}

// ---- comparing and resolving ----------------------------------------------------------------------------------------

class CompareView extends PassageView {
  constructor(app, row) {
    super(app, row);
    this.title = "Compare";
    this.rows = [];
    this.list = new LongList("Passages coded by two or more", (n) => this.listRow(n), (n) => app.do("go", n));
    this.node = h("div", { class: "columns" }, h("nav", { class: "list", "aria-label": "Passages" }, this.list.node), this.work, this.book.node);
  }

  progress() {
    const open = this.rows.filter((row) => row.reopened || (row.differ && !row.resolved)).length;
    return `${plural(open, "difference")} open of ${plural(this.rows.length, "passage")} coded by two or more`;
  }

  async load() {
    const here = this.current?.passage;
    const row = await this.app.door.ask("compare", { coder: this.app.coder });
    this.app.compared = row.last;
    this.rows = row.rows;
    this.shown = this.rows.map((one) => this.numbers.get(one.passage));
    const at = this.rows.findIndex((one) => one.passage === here);
    this.at = at < 0 ? Math.min(this.at, Math.max(0, this.rows.length - 1)) : at;
  }

  get current() {
    return this.rows[this.at];
  }

  async entered() {
    await this.load();
    await this.go(this.at);
    this.app.paintHeader();
  }

  async pull() {
    const before = this.app.compared;
    const draft = this.draft;
    await this.load();
    this.list.show(this.rows.length, this.at);
    if (this.app.compared !== before && this.current) {
      this.paint();
      if (draft?.touched) this.draft = draft;
    }
  }

  listRow(n) {
    const row = this.rows[n];
    const one = this.passages[this.shown[n]];
    const mark = row.resolved ? "✓" : row.reopened ? "↺" : row.differ ? "≠" : "=";
    const told = row.resolved ? `resolved by ${row.resolved.by}` : row.reopened ? "to be resolved again" : row.differ ? `coders differ (${row.differ.toFixed(2)})` : "coders agree";
    return [h("span", { class: "mark", "aria-hidden": "true" }, mark), h("span", { class: "cite" }, one.cite), h("span", { class: "told" }, told), h("span", { class: "text" }, one.text.slice(0, 160))];
  }

  async go(n) {
    if (!this.rows.length) {
      this.view = this.words = null;
      repaint(this.work, h("p", { class: "empty" }, "No passage has been decided by two coders yet. Who codes sees here only what they decided themselves."));
      this.list.show(0, 0);
      return;
    }
    this.at = Math.min(Math.max(n, 0), this.rows.length - 1);
    this.view = await this.piecesOf(this.current.passage);
    const { codings } = this.current;
    const resolved = this.current.resolved ?? this.current.reopened;
    const common = codings[0].themes.filter((id) => codings.every((one) => one.themes.includes(id)));
    this.draft = { themes: new Set(resolved?.themes ?? common), reason: resolved?.reason ?? "", certainty: resolved?.certainty ?? null, touched: false };
    this.app.timer.take();
    this.list.show(this.rows.length, this.at);
    this.paint();
    this.work.scrollTop = 0;
    this.focus();
    this.ahead();
  }

  special(event) {
    const n = "abcdefgh".indexOf(event.key);
    if (this.book.pending === null && n >= 0 && this.current && n < this.current.codings.length) {
      this.app.do("take", n);
      return true;
    }
    return super.special(event);
  }

  escape() {
    if (this.book.pending === null) return false;
    this.book.pending = null;
    this.app.say("");
    return true;
  }

  async act(action, given) {
    const name = `on_${action}`;
    if (this[name] && (this.current || ["list", "undo"].includes(action))) await this[name](given);
  }

  on_go(n) { return this.go(n); }
  on_next() { return this.go(this.at + 1); }
  on_previous() { return this.go(this.at - 1); }
  on_list() { this.toggleList(); }
  on_find() { this.book.field.focus(); }
  on_memo() { this.reason?.focus(); }

  on_take(n) {
    const one = this.current.codings[n];
    this.draft.themes = new Set(one.themes);
    this.draft.touched = true;
    this.app.say(`as ${one.coder} coded; ⏎ resolves it so`);
    this.paint();
  }

  on_toggle(id) {
    if (!this.draft.themes.delete(id)) this.draft.themes.add(id);
    this.draft.touched = true;
    this.paint();
  }

  on_none() {
    this.draft.themes = new Set();
    this.draft.touched = true;
    return this.on_done();
  }

  on_certainty() {
    const now = CERTAINTIES.findIndex(([, value]) => value === this.draft.certainty);
    this.draft.certainty = CERTAINTIES[(now + 1) % CERTAINTIES.length][1];
    this.draft.touched = true;
    this.paint();
  }

  async on_done() {
    const { themes, reason, certainty } = this.draft;
    const value = { themes: [...themes].sort(), text: reason, ...(certainty === null ? {} : { certainty }) };
    await this.app.door.ask("decide", {
      coder: this.app.coder, passage: this.current.passage, steps: [{ action: "adjudicate", value }], seconds: this.app.timer.take(),
    });
    const cite = this.passage.cite;
    await this.load();
    const next = this.rows.findIndex((row, n) => n > this.at && !row.resolved);
    await this.go(next < 0 ? this.at : next);
    this.app.say(`${cite}: resolved`);
  }

  async on_undo() {
    const row = await this.app.door.ask("undo", { coder: this.app.coder });
    this.app.views.coding.absorb(row);
    await this.load();
    await this.go(Math.max(0, this.rows.findIndex((one) => one.passage === row.passage)));
    this.app.say(row.passage ? `undone: ${row.undone}, ${this.passages[this.numbers.get(row.passage)].cite}` : "There is nothing to undo.");
  }

  paint() {
    if (!this.view || !this.current) return;
    const { codings, resolved } = this.current;
    this.words = new Words(this.view.pieces);
    this.book.show(this.draft.themes, "Resolve to");
    this.reason = h("textarea", {
      rows: 2, "aria-label": "Why it is resolved so", "data-focus": "reason", value: this.draft.reason,
      oninput: (event) => { this.draft.reason = event.target.value; this.draft.touched = true; },
    });
    const key = (name) => this.app.keys.of("compare", name);
    const certainty = CERTAINTIES.find(([, value]) => value === this.draft.certainty)?.[0] ?? "not said";
    repaint(this.work,
      h("p", { class: "cite" }, h("strong", null, this.passage.cite), ` · ${this.at + 1} of ${this.rows.length}`,
        resolved ? h("span", { class: "state" }, ` ✓ resolved by ${resolved.by}`) : null),
      this.question(),
      h("p", { class: "spoken" }, this.words.node),
      Object.entries(this.current.reopened?.split ?? {}).map(([id, parts]) => h("p", { class: "again", role: "note" }, h("strong", null, "To be resolved again: "),
        `“${this.earlier(id)}” was split into ${parts.map((part) => this.book.label(part)).join(" and ")}.`)),
      h("div", { class: "coders" }, codings.map((one, n) => this.column(one, n, codings))),
      h("div", { class: "codes", "aria-label": "Resolved to" }, h("span", { class: "state" }, "Resolve to"),
        [...this.draft.themes].sort().map((id) => this.book.chip(id)), this.draft.themes.size ? null : h("span", { class: "chip empty" }, "no code")),
      h("label", { class: "reason-field" }, "Reason", h("kbd", null, shownKey(key("memo"))), this.reason),
      h("div", { class: "actions" },
        button("Resolve", key("done"), () => this.app.do("done"), { class: "main", "data-focus": "done" }),
        button("No code", key("none"), () => this.app.do("none"), { "data-focus": "none" }),
        button(`How sure: ${certainty}`, key("certainty"), () => this.app.do("certainty"), { "data-focus": "certainty" })),
    );
  }

  column(one, n, codings) {
    const others = codings.filter((other) => other !== one);
    const only = (id) => !others.every((other) => other.themes.includes(id));
    const certainty = CERTAINTIES.find(([, value]) => value === one.certainty)?.[0] ?? (one.certainty === null ? null : one.certainty);
    return h("section", { class: "coder-column", "aria-label": `Coder ${one.coder}` },
      h("h3", null, one.coder),
      h("ul", null, one.themes.length ? one.themes.map((id) => h("li", null, this.book.chip(id, only(id) ? h("b", null, " ≠ not by all") : null))) : h("li", null, h("span", { class: "chip empty" }, "no code"))),
      one.blind && one.blind.join() !== one.themes.join() ? h("p", { class: "small" }, `before suggestions: ${one.blind.map((id) => this.book.label(id)).join(" · ") || "no code"}`) : null,
      certainty === null ? null : h("p", { class: "small" }, certainty),
      one.flagged ? h("p", { class: "small" }, "⚑ flagged for discussion") : null,
      one.memos.map((memo) => h("p", { class: "memo" }, memo)),
      button(`Take ${one.coder}'s`, "abcdefgh"[n], () => this.app.do("take", n), { "data-focus": `take-${n}` }));
  }
}

// ---- redaction: by entity -------------------------------------------------------------------------------------------

function redactionViews(app, row) {
  const shared = new Identifiers(app, row);
  return { redaction: new EntityView(app, row, shared), reading: new ReadingView(app, row, shared) };
}

/** What both redaction views know: the entities, and what people decided about them. */
class Identifiers {
  constructor(app, row) {
    this.app = app;
    this.row = row;
    this.entities = row.entities;
    this.byId = new Map(row.entities.map((one) => [one.id, one]));
    this.absorb(row);
  }

  absorb(row) {
    this.verdicts = row.verdicts;
    this.missed = row.missed;
    this.clearance = row.clearance;
    this.last = row.last;
  }

  name(id) {
    const first = this.byId.get(id)?.surfaces[0]?.[0];
    return first ? `“${first}”` : id;
  }

  /** What was decided about an entity, in words with a sign. */
  told(id) {
    const verdict = this.verdicts[id];
    if (!verdict) return this.byId.get(id)?.asked ? ["○", "to be looked at"] : ["·", "redacted, no doubt"];
    return {
      confirm: ["✓", "is an identifier"], "not-an-identifier": ["✕", "not an identifier"],
      relabel: ["⇄", `is a ${verdict.label}`], merge: ["⇉", `same as ${verdict.into}`], extent: ["↔", "other words"],
    }[verdict.action];
  }

  progress() {
    const { open, by, at } = this.clearance;
    if (!open.length) return "✓ nothing is left to look at";
    return by ? `✓ ${plural(open.length, "entity", "entities")} left, accepted by ${by} on ${at}` : `${plural(open.length, "entity", "entities")} to look at`;
  }

  async decide(target, action, value = {}) {
    const body = { coder: this.app.coder, target, steps: [{ action, value }], seconds: this.app.timer.take() };
    this.absorb(await this.app.door.ask("decide", body));
  }

  async undo() {
    const row = await this.app.door.ask("undo", { coder: this.app.coder });
    this.absorb(row);
    return row;
  }

  async pull() {
    const before = this.last;
    this.absorb(await this.app.door.ask("pull", { coder: this.app.coder }));
    return before !== this.last;
  }

  /** Asks for one of the labels; digits choose. */
  askLabel(title, done) {
    const pick = (label) => { close(); done(label); };
    const list = h("div", { class: "choices" }, this.row.labels.map((label, n) => button(label, MARKS[n], () => pick(label))));
    const close = this.app.dialog(title, list, button("Leave", "Escape", () => close()));
    list.closest("dialog").addEventListener("keydown", (event) => {
      const label = this.row.labels[MARKS.indexOf(event.key)];
      if (label && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); pick(label); }
    });
  }

  askRest() {
    const open = this.clearance.open;
    if (!open.length) { this.app.say("Nothing is left to look at."); return; }
    const field = h("input", { "aria-label": "Your full name", autocomplete: "name", required: true });
    const accept = (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      const name = field.value.trim();
      close();
      this.app.do("accepted", name);
    };
    const form = h("form", { onsubmit: accept },
      h("p", null, `${plural(open.length, "entity", "entities")} that a person should look at are left. They stay redacted. The study then counts as reviewed, with your name and today's date in the record.`),
      h("label", null, "Your full name", field),
      h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, "Accept what is left"), button("Leave", "Escape", () => close())));
    const close = this.app.dialog("Accept what is left", form);
    field.focus();
  }

  async accepted(name) {
    await this.decide("rest", "accept-rest", { open: this.clearance.open, name });
    this.app.say(`accepted by ${name}`);
  }
}

class EntityView {
  constructor(app, row, shared) {
    this.app = app;
    this.row = row;
    this.shared = shared;
    this.title = "By entity";
    this.study = row.title;
    this.contexts = new Map();
    this.at = 0;
    this.context = 0;
    this.selecting = false;
    this.list = new LongList("Entities, those that would leak most first", (n) => this.listRow(n), (n) => app.do("go", n));
    const option = (value, words) => h("option", { value }, words);
    const refilter = () => app.do("filter");
    this.filters = {
      text: h("input", { type: "search", placeholder: "search", "aria-label": "Search names", onchange: refilter, onkeydown: (event) => {
        if (event.key === "Enter") { event.preventDefault(); refilter(); this.focus(); }
      } }),
      state: h("select", { "aria-label": "Which entities", onchange: refilter }, option("asked", "to be looked at"), option("all", "all entities"), option("decided", "decided")),
      label: h("select", { "aria-label": "Label", onchange: refilter }, option("", "all labels"), row.labels.map((label) => option(label, label))),
    };
    if (!row.entities.some((one) => one.asked)) this.filters.state.value = "all";
    this.work = h("article", { class: "work", tabindex: -1, "data-focus": "work" });
    this.node = h("div", { class: "columns two" },
      h("nav", { class: "list", "aria-label": "Entities" }, h("div", { class: "filters" }, Object.values(this.filters)), this.list.node), this.work);
    this.filter();
  }

  get entity() {
    return this.shown[this.at];
  }

  focus() {
    intoView(this.work);
  }

  progress() {
    return this.shared.progress();
  }

  entered() {
    this.list.show(this.shown.length, this.at);
    return this.app.do("go", this.at);
  }

  async pull() {
    if (await this.shared.pull()) { this.list.paint(); this.paint(); }
  }

  filter() {
    const here = this.entity?.id;
    const [words, state, label] = [this.filters.text.value.trim().toLowerCase(), this.filters.state.value, this.filters.label.value];
    this.shown = this.row.entities.filter((one) => (state !== "asked" || one.asked) && (state !== "decided" || this.shared.verdicts[one.id])
      && (!label || one.label === label) && (!words || one.surfaces.some(([name]) => name.toLowerCase().includes(words)) || one.id.toLowerCase().includes(words)));
    this.at = Math.max(0, this.shown.findIndex((one) => one.id === here));
    this.list.show(this.shown.length, this.at);
  }

  get shown() { return this.rows ?? []; }
  set shown(rows) { this.rows = rows; }

  listRow(n) {
    const one = this.shown[n];
    const [mark, told] = this.shared.told(one.id);
    return [
      h("span", { class: "mark", "aria-hidden": "true" }, mark),
      h("span", { class: "cite" }, `${one.id} · ${one.count}×`), h("span", { class: "told" }, told),
      h("span", { class: "text" }, one.surfaces.map(([name]) => name).join(" · ")),
    ];
  }

  async go(n) {
    if (!this.shown.length) {
      repaint(this.work, h("p", { class: "empty" }, "No entity fits these filters."));
      this.words = [];
      return;
    }
    this.at = Math.min(Math.max(n, 0), this.shown.length - 1);
    this.context = 0;
    this.selecting = false;
    const { id } = this.entity;
    if (!this.contexts.has(id)) this.contexts.set(id, (await this.app.door.ask("entity", { entity: id })).contexts);
    this.app.timer.take();
    this.list.show(this.shown.length, this.at);
    this.paint();
    this.work.scrollTop = 0;
    if (!this.node.contains(document.activeElement) || this.work.contains(document.activeElement)) this.focus();
  }

  special(event) {
    if (!this.selecting) return false;
    if (event.key === "Escape") { this.selecting = false; this.words[this.context].end(); this.app.say(""); return true; }
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return false;
    this.words[this.context].move(event.key === "ArrowRight" ? 1 : -1, event.shiftKey);
    return true;
  }

  async act(action, given) {
    const name = `on_${action}`;
    if (this[name] && (this.entity || ["filter", "undo", "rest", "accepted", "search", "list"].includes(action))) await this[name](given);
  }

  on_go(n) { return this.go(n); }
  on_next() { return this.go(this.at + 1); }
  on_previous() { return this.go(this.at - 1); }
  on_filter() { this.filter(); return this.go(this.at); }
  on_search() { showList(this.node); this.filters.text.focus(); }
  on_list() { toggleList(this.node); }
  on_left() { this.context = Math.max(0, this.context - 1); this.paint(); }
  on_right() { this.context = Math.min(this.contexts.get(this.entity.id).length - 1, this.context + 1); this.paint(); }
  on_rest() { this.shared.askRest(); }
  async on_accepted(name) { await this.shared.accepted(name); this.paint(); }

  async settle(action, value, told) {
    await this.shared.decide(this.entity.id, action, value);
    this.app.say(`${this.shared.name(this.entity.id)}: ${told}`);
    this.list.paint();
    const next = this.shown.findIndex((one, n) => n > this.at && !this.shared.verdicts[one.id]);
    await this.go(next < 0 ? this.at : next);
  }

  on_accept() { return this.settle("confirm", {}, "is an identifier"); }
  on_reject() { return this.settle("not-an-identifier", {}, "not an identifier, will stay in the text"); }

  on_change() {
    this.shared.askLabel(`What is ${this.shared.name(this.entity.id)}?`, (label) => this.app.do("label", label));
  }

  on_label(label) {
    if (label === this.entity.label) return this.on_accept();
    return this.settle("relabel", { label }, `is a ${label}`);
  }

  on_merge() {
    const others = this.row.entities.filter((one) => one.label === this.entity.label && one.id !== this.entity.id);
    const field = h("input", { type: "search", "aria-label": "Name of the other entity", oninput: () => paint() });
    const list = h("div", { class: "choices" });
    const found = () => others.filter((one) => `${one.id} ${one.surfaces.map(([name]) => name).join(" ")}`.toLowerCase().includes(field.value.trim().toLowerCase())).slice(0, 12);
    const pick = (one) => { close(); this.app.do("into", one.id); };
    const paint = () => list.replaceChildren(...found().map((one) => button(`${one.surfaces.map(([name]) => name).slice(0, 3).join(" · ")} (${one.id})`, null, () => pick(one))));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && found().length) { event.preventDefault(); pick(found()[0]); }
    });
    paint();
    const close = this.app.dialog(`${this.shared.name(this.entity.id)} is the same as`, field, list, button("Leave", "Escape", () => close()));
    field.focus();
  }

  on_into(into) { return this.settle("merge", { into }, `same as ${this.shared.name(into)}`); }

  on_select() {
    this.selecting = this.words[this.context].begin();
    this.focus();
    this.app.say("← and → move by words, with Shift they select; then choose what is the identifier");
  }

  on_limit() {
    const n = this.words.findIndex((words) => words.positions());
    if (n < 0) return this.app.say("Select the words of the identifier first.");
    const spans = this.words[n].positions();
    const { transcript, span } = this.contexts.get(this.entity.id)[n];
    const value = { transcript, span: [spans[0][0], spans.at(-1)[1]], of: span };
    return this.settle("extent", value, "other words");
  }

  async on_undo() {
    const row = await this.shared.undo();
    if (!row.target) return this.app.say("There is nothing to undo.");
    let at = this.shown.findIndex((one) => one.id === row.target);
    if (at < 0 && this.shared.byId.has(row.target)) {
      this.filters.text.value = this.filters.label.value = "";
      this.filters.state.value = "all";
      this.filter();
      at = this.shown.findIndex((one) => one.id === row.target);
    }
    await this.go(at < 0 ? this.at : at);
    return this.app.say(`undone: ${row.undone.replaceAll("-", " ")}`);
  }

  paint() {
    const { entity } = this;
    if (!entity || !this.contexts.has(entity.id)) return;
    const contexts = this.contexts.get(entity.id);
    const [mark, told] = this.shared.told(entity.id);
    const verdict = this.shared.verdicts[entity.id];
    const key = (name) => this.app.keys.of("redaction", name);
    const act = (name, words, past) => button(words, key(name), () => this.app.do(name), { class: "verdict", "data-focus": name, "aria-pressed": String(verdict?.action === past) });
    this.words = contexts.map((one) => new Words(one.pieces, (node, piece) => { if (piece[4]) node.classList.add("found"); }));
    this.work.setAttribute("aria-label", `${entity.id}, entity ${this.at + 1} of ${this.shown.length}`);
    repaint(this.work,
      h("p", { class: "cite" }, h("strong", null, entity.id), ` · ${entity.label} · ${this.at + 1} of ${this.shown.length} · found by ${entity.found_by.join(", ")}`),
      h("h2", null, entity.surfaces.map(([name, count], n) => [n ? " · " : "", name, h("span", { class: "small" }, ` ${count}×`)])),
      h("p", { class: "state" }, `${mark} ${told}${verdict ? `, says ${verdict.by}` : ""}`),
      h("div", { class: "verdicts" }, act("accept", "An identifier", "confirm"), act("reject", "Not an identifier", "not-an-identifier"),
        act("change", "Change label", "relabel"), act("merge", "Same as …", "merge")),
      h("h3", null, contexts.length === 1 ? "Its only place" : `All ${contexts.length} places`),
      h("ol", { class: "contexts" }, contexts.map((one, n) => h("li", { "aria-current": n === this.context ? "true" : null, onclick: () => { if (this.context !== n && !document.getSelection().toString()) { this.context = n; this.paint(); } } },
        h("span", { class: "cite" }, one.where), h("p", { class: "spoken" }, this.words[n].node)))),
      h("div", { class: "actions" },
        button("Select words", key("select"), () => this.app.do("select"), { "data-focus": "select" }),
        button("These words are it", key("limit"), () => this.app.do("limit"), { "data-focus": "limit" }),
        button("Accept what is left", key("rest"), () => this.app.do("rest"), { "data-focus": "rest" })),
      missedList(this.shared),
    );
    this.work.querySelector(".contexts [aria-current]")?.scrollIntoView({ block: "nearest" });
  }
}

function missedList(shared) {
  if (!shared.missed.length) return null;
  return h("section", { class: "notes" }, h("h3", null, "Marked as missed"),
    h("ul", null, shared.missed.map((one) => h("li", null, `${one.text} · ${one.label} · ${one.transcript}, says ${one.by}`))));
}

// ---- redaction: reading a transcript from end to end ------------------------------------------------------------------

class ReadingView {
  constructor(app, row, shared) {
    this.app = app;
    this.row = row;
    this.shared = shared;
    this.title = "Read";
    this.study = row.title;
    this.at = 0;
    this.turn = 0;
    this.turns = [];
    this.selecting = false;
    this.list = new LongList("Transcripts", (n) => this.listRow(n), (n) => app.do("go", n));
    this.work = h("article", { class: "work reading", tabindex: -1, "data-focus": "work" });
    this.node = h("div", { class: "columns two" }, h("nav", { class: "list", "aria-label": "Transcripts" }, this.list.node), this.work);
  }

  focus() { intoView(this.work); }
  progress() { return this.shared.progress(); }
  entered() { return this.app.do("go", this.at); }

  async pull() {
    if (await this.shared.pull()) this.paintMissed();
  }

  listRow(n) {
    const letter = this.row.transcripts[n];
    const here = this.row.entities.filter((one) => one.transcripts.includes(letter)).length;
    return [h("span", { class: "mark", "aria-hidden": "true" }, "¶"), h("span", { class: "cite" }, `transcript ${letter}`), h("span", { class: "told" }, plural(here, "entity", "entities"))];
  }

  async go(n) {
    const letters = this.row.transcripts;
    if (!letters.length) { repaint(this.work, h("p", { class: "empty" }, "No source of this study is here.")); return; }
    this.at = Math.min(Math.max(n, 0), letters.length - 1);
    this.letter = letters[this.at];
    const { turns } = await this.app.door.ask("reading", { transcript: this.letter });
    this.app.timer.take();
    this.selecting = false;
    this.turn = 0;
    this.turns = turns.map((pieces) => new Words(pieces, (node, piece) => this.paintPiece(node, piece)));
    this.missedNode = h("div");
    this.list.show(letters.length, this.at);
    repaint(this.work,
      h("h2", null, `Transcript ${this.letter}`, h("span", { class: "small" }, ` ${this.at + 1} of ${letters.length}`)),
      h("div", { class: "actions sticky" },
        button("Select words", this.app.keys.of("reading", "select"), () => this.app.do("select"), { "data-focus": "select" }),
        button("Missed identifier", this.app.keys.of("reading", "missed"), () => this.app.do("missed"), { class: "main", "data-focus": "missed" }),
        button("Accept what is left", this.app.keys.of("reading", "rest"), () => this.app.do("rest"), { "data-focus": "rest" })),
      this.missedNode,
      this.turns.map((words, n) => h("p", { class: "turn", "data-turn": n }, h("span", { class: "who", "aria-hidden": "true" }, n + 1), words.node)));
    this.paintMissed();
    this.markTurn();
    this.work.scrollTop = 0;
    this.focus();
  }

  paintPiece(node, piece) {
    if (!piece[4]) return;
    node.classList.add("found");
    node.title = piece[4].map((id) => `${id}: ${this.shared.told(id)?.[1] ?? ""}`).join(" · ");
    if (piece[4].some((id) => this.shared.verdicts[id]?.action === "not-an-identifier")) node.classList.add("kept");
  }

  paintMissed() {
    if (!this.missedNode) return;
    this.missedNode.replaceChildren(...[missedList(this.shared)].filter(Boolean));
    const spans = this.shared.missed.filter((one) => one.transcript === this.letter).map((one) => one.span);
    for (const words of this.turns) {
      for (const [n, node] of [...words.node.children].entries()) node.classList.toggle("missed", inside(words.pieces[n], spans));
    }
  }

  markTurn() {
    for (const node of this.work.querySelectorAll(".turn")) {
      const here = Number(node.dataset.turn) === this.turn;
      if (here) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
      if (here) node.scrollIntoView({ block: "nearest" });
    }
  }

  special(event) {
    if (event.key === "Escape" && this.selecting) { this.selecting = false; this.turns[this.turn].end(); this.app.say(""); return true; }
    if (!this.selecting || !["ArrowLeft", "ArrowRight"].includes(event.key)) return false;
    this.turns[this.turn].move(event.key === "ArrowRight" ? 1 : -1, event.shiftKey);
    return true;
  }

  async act(action, given) {
    const name = `on_${action}`;
    if (this[name]) await this[name](given);
  }

  on_go(n) { return this.go(n); }
  on_next() { return this.go(this.at + 1); }
  on_previous() { return this.go(this.at - 1); }
  on_left() { this.turn = Math.max(0, this.turn - 1); this.markTurn(); }
  on_right() { this.turn = Math.min(this.turns.length - 1, this.turn + 1); this.markTurn(); }
  on_list() { toggleList(this.node); }
  on_rest() { this.shared.askRest(); }
  on_accepted(name) { return this.shared.accepted(name); }

  on_select() {
    this.selecting = this.turns[this.turn]?.begin() ?? false;
    this.focus();
    this.app.say("← and → move by words, with Shift they select; Esc ends");
  }

  on_missed() {
    const words = this.turns.find((one) => one.positions());
    if (!words) return this.app.say(`Select the words first: ${shownKey(this.app.keys.of("reading", "select"))}, or the mouse.`);
    const spans = words.positions();
    const span = [spans[0][0], spans.at(-1)[1]];
    const text = wordsAt(words.pieces, [span]);
    return this.shared.askLabel(`What is “${text}”?`, (label) => this.app.do("add", { span, label, text }));
  }

  async on_add({ span, label, text }) {
    await this.shared.decide("", "add-missed", { transcript: this.letter, span, label });
    if (this.selecting) { this.selecting = false; this.turns[this.turn].end(); }
    document.getSelection()?.removeAllRanges();
    this.paintMissed();
    this.app.say(`“${text}” will be redacted as ${label}, everywhere, in the next run`);
  }

  async on_undo() {
    const row = await this.shared.undo();
    this.paintMissed();
    this.app.say(row.target ? `undone: ${row.undone.replaceAll("-", " ")}` : "There is nothing to undo.");
  }

  paint() {
    this.paintMissed();
  }
}

// ---- the three doors open ----------------------------------------------------------------------------------------------

export function mount(root, door) {
  const app = new Review(root, door);
  app.start();
  return app;
}

function token() {
  const given = location.hash.slice(1);
  if (given) {
    // Kept for reloads of this tab, and taken out of the address, where it might be copied along.
    sessionStorage.setItem("svp-token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("svp-token") ?? "";
}

function storage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

const page = globalThis.document?.getElementById("svp-review");
if (page?.dataset.door === "server") {
  page.classList.add("svp-whole");
  mount(page, serverDoor(token()));
} else if (page?.dataset.door === "file") {
  page.classList.add("svp-whole");
  const door = fileDoor(JSON.parse(document.getElementById("svp-data").textContent), storage());
  addEventListener("beforeunload", (event) => { if (door.unsaved()) event.preventDefault(); });
  mount(page, door);
}

export default {
  render({ model, el }) {
    const root = h("div", { class: "svp-widget" });
    el.append(root);
    const app = mount(root, widgetDoor(model));
    return () => clearInterval(app.polling);
  },
};
