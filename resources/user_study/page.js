"use strict";
/* One study in one page. Answers go to this browser's storage after every click and leave it as CSV files only. */
(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const RATINGS = ["study", "participant", "trial", "image", "condition", "question", "rating"];
  const CHOICES = ["study", "participant", "group", "pair", "trial", "image", "truth", "answer"];
  const stage = document.getElementById("stage");
  const prefix = `heterodox/${study.study}/${study.key}/`;
  const learning = study.study === "learning";
  let state = null;
  let ticking = null;

  /* ---- what stays in the browser ---- */

  function stored(name) {
    try { return JSON.parse(localStorage.getItem(prefix + name)); } catch { return null; }
  }

  function keep(name, value) {
    try { localStorage.setItem(prefix + name, JSON.stringify(value)); } catch {
      const warning = document.getElementById("storage-warning");
      warning.textContent = "This browser keeps no answers: do not close or reload the page before you download them.";
      warning.hidden = false;
    }
  }

  function save() {
    keep(`participant/${state.participant}`, state);
    keep("current", state.participant);
  }

  function everybody() {
    try {
      const names = Object.keys(localStorage).filter(name => name.startsWith(prefix + "participant/")).sort();
      return names.map(name => stored(name.slice(prefix.length)));
    } catch { return state ? [state] : []; }
  }

  /* ---- draws that depend on their names only, as in the library ---- */

  function generator(...names) {
    let hash = 2166136261;
    for (const letter of JSON.stringify([study.seed, ...names])) {
      hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
    }
    return () => {
      hash = (hash + 0x6d2b79f5) | 0;
      let mixed = Math.imul(hash ^ (hash >>> 15), 1 | hash);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  function shuffled(values, ...names) {
    const draw = generator(...names), order = [...values];
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(draw() * (last + 1));
      [order[last], order[other]] = [order[other], order[last]];
    }
    return order;
  }

  /* ---- elements ---- */

  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value !== null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter(child => child !== null));
    return made;
  }

  function picture(name, description) {
    return element("img", { src: study.pictures[name], alt: description, "data-picture": name });
  }

  function show(title, ...children) {
    clearInterval(ticking);
    const heading = element("h1", { tabindex: "-1" }, title);
    stage.replaceChildren(heading, ...children.filter(child => child !== null));
    stage.dataset.phase = state ? state.phase : "start";
    const line = document.getElementById("participant-line");
    line.textContent = state ? `Participant ${state.participant}` : "Answers stay in this browser until you download them.";
    document.getElementById("save-so-far").hidden = !state || state.phase === "end" || !rows();
    window.scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }

  function progress(text, share) {
    document.getElementById("progress-text").textContent = text;
    const bar = document.getElementById("progress");
    bar.hidden = share === null;
    bar.value = share ?? 0;
  }

  function paragraphs(texts) { return texts.map(text => element("p", {}, text)); }

  function radios(name, options, className, chosen) {
    return element("div", { class: className }, ...options.map(({ value, text }) => element("label", { class: "choice" },
      element("input", { type: "radio", name, value, required: true, checked: String(value) === String(chosen) }), text)));
  }

  /* ---- start, introduction, end ---- */

  function start() {
    state = null;
    progress("", null);
    const field = element("input", {
      type: "text", id: "participant", required: true, maxlength: "40", autocomplete: "off", "aria-describedby": "hint",
      pattern: learning ? "[1-9][0-9]{0,8}" : "[A-Za-z0-9_\\-]+", inputmode: learning ? "numeric" : "text",
      title: learning ? "A whole number from 1" : "Letters, digits, - and _",
    });
    const hint = learning ? "The number that you were given." : "The code that you were given, such as P07.";
    const kept = everybody();
    show(study.title, ...paragraphs(study.welcome), element("form", { onsubmit: event => { event.preventDefault(); enter(field.value); } },
      element("label", { for: "participant", class: "field" }, learning ? "Participant number" : "Participant code"), field,
      element("p", { class: "hint", id: "hint" }, `${hint} Entering it again continues where you stopped.`),
      element("button", { class: "main-button", id: "begin" }, "Begin")),
    kept.length ? element("div", { class: "buttons" }, ...downloads(kept, `of all ${kept.length} participants in this browser`, "all")) : null);
  }

  function enter(participant) {
    state = stored(`participant/${participant}`) ?? {
      participant, phase: "introduction", ratings: [], choices: [], trial: 0, pair: 0, draft: {}, breakEnds: null,
      group: learning ? study.groups[(Number(participant) - 1) % study.groups.length] : null,
    };
    save();
    resume();
  }

  function introduction() {
    progress("Introduction", null);
    const example = study.example ? element("figure", { style: "max-width: 34rem" },
      picture(study.example.picture, study.example.description), element("figcaption", {}, study.example.caption)) : null;
    show("How it works", ...paragraphs(study.introduction), example, element("div", { class: "buttons" },
      element("button", { type: "button", class: "main-button", id: "continue", onclick: () => go("trial") }, "Continue")));
  }

  function end() {
    progress("Finished", 1);
    show("Thank you!", ...paragraphs(["You have finished. Please download your answers and hand the files over to the people who run this study."]),
      element("div", { class: "buttons" }, ...downloads([state], "", state.participant)),
      element("div", { class: "buttons" }, element("button", { type: "button", class: "quiet", id: "another", onclick: () => {
        keep("current", null);
        start();
      } }, "Start with another participant")),
      element("p", { class: "hint" }, "Your answers also stay in this browser."));
  }

  /* ---- CSV ---- */

  function rows() { return state.ratings.length + state.choices.length; }

  function csv(columns, answers) {
    const cell = value => /[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    return [columns, ...answers.map(answer => columns.map(column => answer[column]))].map(line => line.map(cell).join(",") + "\n").join("");
  }

  function download(name, text) {
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function downloads(people, whose, name) {
    const tables = { ratings: RATINGS, choices: CHOICES };
    return Object.entries(tables).filter(([table]) => people.some(one => one[table].length)).map(([table, columns]) =>
      element("button", { type: "button", class: name === "all" ? "quiet" : "main-button", "data-table": table, onclick: () =>
        download(`${table}-${study.study}-${name}.csv`, csv(columns, people.flatMap(one => one[table]))) },
      `Download ${table} ${whose}`.trim()));
  }

  /* ---- trials with ratings: studies 1 and 2 ---- */

  function ratedTrials() { return shuffled(study.trials, state.participant, "trials"); }

  function ratedTrial() {
    const trials = ratedTrials(), trial = trials[state.trial];
    progress(`Trial ${state.trial + 1} of ${trials.length}`, state.trial / trials.length);
    const form = element("form", { onsubmit: event => { event.preventDefault(); submit(trial, new FormData(form)); }, onchange: () => {
      state.draft = Object.fromEntries(new FormData(form));
      save();
    } },
    study.species ? speciesChoice() : null,
    ...study.questions.map(question => element("fieldset", { "data-question": question.id }, element("legend", {}, question.text),
      radios(question.id, study.scale.map((text, place) => ({ value: place + 1, text })), "scale", state.draft[question.id]))),
    element("button", { class: "main-button", id: "continue" }, "Continue"));
    const pictures = study.species ? sideBySide(trial) : toggled(trial);
    show(study.species ? "Which bird is this, and what do you think of the highlighting?" : "What do you think of this explanation?",
      element("div", { class: "trial", "data-image": trial.image, "data-condition": trial.condition }, pictures, form));
  }

  function speciesChoice() {
    return element("fieldset", { "data-question": "species" }, element("legend", {}, "Please identify the bird:"),
      radios("species", study.species.map(text => ({ value: text, text })), "species", state.draft.species));
  }

  function sideBySide(trial) {
    return element("div", { class: "pictures" },
      element("figure", {}, picture(trial.annotated, "The bird with highlighting"), element("figcaption", {}, "With highlighting")),
      element("figure", {}, picture(trial.plain, "The same bird, plain"), element("figcaption", {}, "The same image, plain")));
  }

  function toggled(trial) {
    const words = trial.words ? element("p", { class: "words" }, trial.words) : null;
    const hint = element("span", {});
    const shown = picture(trial.annotated, "");
    const button = element("button", { type: "button", class: "toggle", id: "toggle" }, shown, hint);
    const turn = plain => {
      shown.src = study.pictures[plain ? trial.plain : trial.annotated];
      shown.dataset.picture = plain ? trial.plain : trial.annotated;
      shown.alt = plain ? "The bird, plain" : "The bird with its explanation";
      hint.textContent = plain ? "Plain image. Click to see the explanation." : "With explanation. Click to see the plain image.";
      button.setAttribute("aria-pressed", plain);
      if (words) words.hidden = plain;
    };
    button.addEventListener("click", () => turn(button.getAttribute("aria-pressed") !== "true"));
    turn(false);
    return element("div", {}, button, words);
  }

  function submit(trial, answers) {
    const common = { study: study.study, participant: state.participant, trial: state.trial + 1, image: trial.image };
    for (const question of study.questions) {
      state.ratings.push({ ...common, condition: trial.condition, question: question.id, rating: Number(answers.get(question.id)) });
    }
    if (study.species) {
      state.choices.push({ ...common, group: trial.condition, pair: trial.pair, truth: trial.truth, answer: answers.get("species") });
    }
    state.trial += 1;
    state.draft = {};
    go(state.trial < study.trials.length ? "trial" : "end");
  }

  /* ---- trials with feedback: study 3 ---- */

  function pairNow() { return shuffled(study.pairs, state.participant, "pairs")[state.pair]; }

  function answersTo(pair) { return state.choices.filter(choice => choice.pair === pair.pair); }

  function imageOf(pair, number) {
    const round = Math.floor(number / pair.images.length);
    return shuffled(pair.images, state.participant, pair.pair, round)[number % pair.images.length];
  }

  function proficient(answers) {
    const recent = answers.slice(-study.window);
    return recent.length === study.window && recent.filter(choice => choice.truth === choice.answer).length >= study.enough;
  }

  function learningProgress(number) {
    progress(`Pair ${state.pair + 1} of ${study.pairs.length}, bird ${number}`, state.pair / study.pairs.length);
  }

  function learningTrial() {
    const pair = pairNow(), number = answersTo(pair).length, image = imageOf(pair, number);
    learningProgress(number + 1);
    const names = shuffled(Object.keys(pair.names), state.participant, pair.pair, "sides");
    show("Which bird is this?", element("div", { class: "trial", "data-image": image.image, "data-pair": pair.pair },
      element("figure", {}, picture(image.plain, "The bird to name")),
      element("div", {}, element("p", {}, "If you do not know yet, guess."), element("div", { class: "answers" }, ...names.map(species =>
        element("button", { type: "button", class: "answer", "data-species": species, onclick: () => answer(pair, image, number, species) },
          pair.names[species]))))));
  }

  function answer(pair, image, number, species) {
    state.choices.push({ study: study.study, participant: state.participant, group: state.group, pair: pair.pair, trial: number + 1,
      image: image.image, truth: image.truth, answer: species });
    go("feedback");
  }

  function withArticle(name) { return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`; }

  function feedback() {
    const pair = pairNow(), answers = answersTo(pair), last = answers[answers.length - 1];
    const image = pair.images.find(one => one.image === last.image), right = last.truth === last.answer;
    learningProgress(answers.length);
    const annotated = state.group === "control" ? null : image.annotated[state.group];
    const words = state.group === "words" ? element("p", { class: "words" }, image.words) : null;
    show(`This is ${withArticle(pair.names[last.truth])}.`, element("div", { class: "trial", "data-image": image.image, "data-pair": pair.pair },
      element("figure", {}, picture(annotated ?? image.plain, annotated ? "The bird with its marks" : "The bird"), words),
      element("div", {}, element("p", { class: `verdict ${right ? "right" : "wrong"}` },
        right ? "\u2713 Your answer was right." : "\u2717 Your answer was not right."),
      element("div", { class: "buttons" }, element("button", { type: "button", class: "main-button", id: "continue",
        onclick: () => afterFeedback(answers) }, "Next bird")))));
  }

  function afterFeedback(answers) {
    if (!proficient(answers)) return go("trial");
    state.pair += 1;
    if (state.pair === study.pairs.length) return go("end");
    state.breakEnds = Date.now() + 1000 * study.break_seconds;
    return go("break");
  }

  function rest() {
    progress(`${state.pair} of ${study.pairs.length} pairs learned`, state.pair / study.pairs.length);
    const count = element("p", { class: "countdown", role: "timer" });
    const button = element("button", { type: "button", class: "main-button", id: "continue", disabled: true, onclick: () => go("trial") }, "Go on");
    const ready = element("p", { role: "status" });
    show("Well done: you know this pair. Take a short break.", element("p", {}, "Two other birds come next."), count,
      element("div", { class: "buttons" }, button), ready);
    const tick = () => {
      const left = Math.max(0, Math.ceil((state.breakEnds - Date.now()) / 1000));
      count.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left > 0 || !button.disabled) return;
      clearInterval(ticking);
      button.disabled = false;
      ready.textContent = "The break is over.";
    };
    tick();
    ticking = setInterval(tick, 200);
    if (!button.disabled) clearInterval(ticking);
  }

  /* ---- phases ---- */

  function go(phase) {
    state.phase = phase;
    save();
    resume();
  }

  function resume() {
    const phases = { introduction, end, feedback, break: rest, trial: learning ? learningTrial : ratedTrial };
    phases[state.phase]();
  }

  document.getElementById("save-so-far").addEventListener("click", () => {
    downloads([state], "", state.participant).forEach(button => button.click());
  });
  const current = stored("current");
  state = current === null ? null : stored(`participant/${current}`);
  if (state) resume(); else start();
})();
