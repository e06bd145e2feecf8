// The page: the guide's three steps, each giving the next what it needs, and the talk that they lead to.

import { validateLlmConfiguration, validateSecret, validateSessionToken } from "liveavatar-llm";

import { element, prose } from "./element.js";
import { ask, setup as askSetup } from "./server.js";
import { Step } from "./step.js";
import { Talk } from "./talk.js";

const setup = await askSetup();
const talk = new Talk();
const behaviour = document.getElementById("behaviour");
const via = document.getElementById("via");
const walk = document.getElementById("walk");
const status = document.getElementById("status");
const made = {};

/** The latest step stays open, the others are folded. */
const foldOthers = (kept) => () => Object.entries(steps).forEach(([name, step]) => name !== kept && step.fold());

const steps = {
  secret: new Step("secret", {
    validate: validateSecret,
    began: foldOthers("secret"),
    send: async (body) => {
      const result = await ask("POST", "secrets", body);
      if (result.data) {
        steps.configuration.fill({ secret_id: result.data.id });
        steps.configuration.reset();
        steps.session.reset();
      }
      return result;
    },
  }),
  configuration: new Step("configuration", {
    validate: validateLlmConfiguration,
    began: foldOthers("configuration"),
    send: async (body) => {
      const result = await ask("POST", "llm-configurations", body);
      if (result.data) {
        made.configuration = result.data.id;
        steps.session.fill({ llm_configuration_id: result.data.id });
        steps.session.reset();
      }
      return result;
    },
  }),
  session: new Step("session", {
    validate: validateSessionToken,
    began: foldOthers("session"),
    send: async (payload) => {
      const result = await ask("POST", "sessions", { payload, former: talk.session });
      if (result.data) talk.open(result.data, trial());
      return result;
    },
  }),
};

showParts();
showTrial();
const { secret, llm_configuration, session } = setup.requests;
steps.secret.body = secret;
steps.configuration.body = { ...llm_configuration, model_name: llm_configuration.model_name ?? behaviour.value, secret_id: "<secret_id>" };
steps.session.body = { ...session, llm_configuration_id: "<llm_configuration_id>" };
walk.addEventListener("click", walkAll);
if (new URLSearchParams(location.search).has("auto")) walkAll();
document.documentElement.dataset.state = "ready";

/** The whole journey by itself, slowly enough to be followed. */
async function walkAll() {
  walk.disabled = true;
  for (const [name, step] of Object.entries(steps)) {
    document.getElementById(name).scrollIntoView({ block: "nearest" });
    if (!(await step.take())) break;
    status.textContent = `Done: ${document.querySelector(`#${name} h2`).textContent}`;
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (step !== steps.session) continue;
    document.getElementById("talk").scrollIntoView({ block: "nearest" });
    await talk.say();
  }
  walk.disabled = false;
}

/** Who takes which part, and where. */
function showParts() {
  for (const part of document.querySelectorAll("#path > li")) {
    const { isReal = true, url } = setup[part.dataset.part];
    part.dataset.kind = isReal ? "real" : "standin";
    part.querySelector("h3").append(" ", element("span", { class: "badge" }, isReal ? "real" : "stand-in"));
    part.append(element("p", { class: "address" }, url.replace(/^https?:\/\//, "")));
  }
  const holds = { endpoint: setup.endpoint.isAsked, direct: !setup.endpoint.isAsked, standin: !setup.liveAvatar.isReal };
  for (const part of document.querySelectorAll("[data-if]")) part.hidden = !holds[part.dataset.if];
  document.getElementById("path").dataset.via = setup.endpoint.isAsked ? "endpoint" : "direct";
  const notice = document.getElementById("notice");
  const tell = (text) => notice.append(element("p", {}, prose(text)));
  if (setup.isUnreachable) {
    tell(`The real LiveAvatar cannot reach \`${setup.registered}\`, which is on this computer: its avatar would be mute. Open a tunnel to \`${new URL(setup.endpoint.url).origin}\` and start again with \`PUBLIC_URL\` set to its address.`);
  }
  if (setup.liveAvatar.isReal) {
    tell("Sessions are real, and their avatar waits in a LiveKit room that this page doesn't join. What you hear here is a rehearsal: the stand-in's caller asks the registered LLM as LiveAvatar's would.");
  }
  notice.hidden = notice.childNodes.length === 0;
}

/** What the stand-in LLM can be made to do, and who asks it. */
function showTrial() {
  if (setup.behaviours.length === 0) return;
  document.getElementById("trial").hidden = false;
  via.parentElement.hidden = setup.direct === null;
  behaviour.append(...setup.behaviours.map(({ name, model_name }) => element("option", { value: model_name }, name)));
  const about = () => {
    const { about, model_name } = setup.behaviours[behaviour.selectedIndex];
    const name = model_name.length > 44 ? `${model_name.slice(0, 42)}…` : model_name;
    document.getElementById("behaviour-about").replaceChildren(prose(`${about} As a model name: \`${name}\``));
    document.getElementById("path").dataset.via = setup.endpoint.isAsked ? via.value : "direct";
  };
  about();
  for (const choice of [behaviour, via]) {
    choice.addEventListener("change", () => {
      about();
      change({ model_name: behaviour.value, base_url: via.value === "direct" ? setup.direct : setup.registered });
    });
  }
}

/** What is being tried, in words. */
function trial() {
  const chosen = setup.behaviours[behaviour.selectedIndex];
  if (!chosen || steps.configuration.body?.model_name !== chosen.model_name) return "";
  return `the LLM ${chosen.name}${via.value === "direct" ? ", asked without the endpoint" : ""}`;
}

/** A session takes its configuration as it stands when it starts: what is to change needs another session. */
async function change(changes) {
  steps.configuration.fill(changes);
  if (!made.configuration) return;
  const changed = await steps.configuration.run(() => ask("PATCH", `llm-configurations/${made.configuration}`, changes));
  if (changed) await steps.session.take();
}
