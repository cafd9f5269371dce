// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the browser tests have in common: a gateway with its staff pages, patrons who log in, and a look
// at what no page may do: errors on the console, anything that the content security policy
// blocks, anything that axe finds.
import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import path from "node:path";

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../..");
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const plugin = "Koha::Plugin::ConnexionGateway";

class Gateway {
  constructor(generation) {
    const environment = { ...process.env };
    if (generation !== "live") environment.CONNEXION_GENERATION = generation;
    this.process = spawn("perl", [`${root}/tests/browser/gateway.pl`], {
      cwd: root, env: environment, stdio: ["pipe", "pipe", "inherit"],
    });
    this.sessions = {};
    this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async tell(what, values = {}) {
    this.process.stdin.write(JSON.stringify({ do: what, ...values }) + "\n");
    const { value, done } = await this.answers.next();
    if (done) throw new Error("the gateway ended");
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  async start() {
    Object.assign(this, await this.tell("start"));
    return this;
  }

  // As the Connexion Client does: the reply's text.
  async export(login, record) {
    return (await this.tell("export", { login, record: Buffer.from(record).toString("base64") })).reply;
  }

  profile(profile) {
    return this.tell("profile", { profile });
  }

  async sql(sql, ...values) {
    return (await this.tell("sql", { sql, values })).rows;
  }

  command(...args) {
    return this.tell("command", { arguments: args });
  }

  url(method, page = "", values = {}) {
    const query = new URLSearchParams({ class: plugin, method, ...(page && { page }), ...values });
    return `${this.staff}/cgi-bin/koha/plugins/run.pl?${query}`;
  }

  async stop() {
    this.process.stdin.end();
    await new Promise((resolve) => this.process.once("exit", resolve));
  }
}

export const record = (name) => readFileSync(`${root}/tests/data/${name}`);

export const test = base.extend({
  generation: ["19.06", { option: true, scope: "worker" }],

  gateway: [
    async ({ generation }, use) => {
      const gateway = await new Gateway(generation).start();
      await use(gateway);
      await gateway.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],

  // Fails what puts an error on the console or breaks the policy.
  faults: [
    async ({ page }, use) => {
      const faults = [];
      page.on("console", (message) => {
        // A refusal in words is no fault; that its status is told on the console can't be helped.
        const refused = /the server responded with a status of (?:400|403|409) /.test(message.text());
        if (message.type() === "error" && !refused) faults.push(message.text());
      });
      page.on("pageerror", (error) => faults.push(String(error)));
      await use(faults);
      expect(faults, "errors on the console").toEqual([]);
    },
    { auto: true },
  ],

  // login("cataloguer") for the page of the test. Each patron logs in once; later tests go on with the session.
  login: async ({ page, gateway }, use) => {
    await use(async (who) => {
      if (gateway.sessions[who]) {
        await page.context().addCookies(gateway.sessions[who]);
        return;
      }
      const [userid, password] = gateway.users[who];
      await page.goto(`${gateway.staff}/cgi-bin/koha/mainpage.pl`);
      await page.fill("#userid", userid);
      await page.fill("#password", password);
      await Promise.all([page.waitForLoadState(), page.locator("#password").press("Enter")]);
      await expect(page.locator("#password")).toHaveCount(0);
      gateway.sessions[who] = await page.context().cookies();
    });
  },

  // open("tool", "held"): the page, once its scripts are at rest.
  open: async ({ page, gateway }, use) => {
    await use(async (method, name, values) => {
      await page.goto(gateway.url(method, name, values));
      await page.waitForLoadState("networkidle");
    });
  },
});

// What axe finds in our part of the page, by WCAG 2.2 A and AA.
export const expectAccessible = async (page) => {
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate(() =>
    window.axe.run("#cg", {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
      rules: { region: { enabled: false } },
    }),
  );
  const told = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  expect(told, "what axe found").toEqual([]);
};

// On a phone nothing of ours is wider than the screen.
export const expectNarrow = async (page) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const overflow = await page.evaluate(() => {
    const wide = document.documentElement.clientWidth + 1;
    const scrolls = (e) => e.closest(".cg-scroll") !== null;
    return [...document.querySelectorAll("#cg *")]
      .filter((e) => !scrolls(e) && e.getBoundingClientRect().right > wide)
      .map((e) => e.outerHTML.slice(0, 120));
  });
  expect(overflow, "wider than a phone").toEqual([]);
};

// Pictures go to CONNEXION_PICTURES (docs/pictures when the guide is made anew), else to the build.
const pictures = process.env.CONNEXION_PICTURES || `${root}/build/browser/pictures`;

export const picture = async (page, name, size = { width: 1280, height: 900 }) => {
  mkdirSync(pictures, { recursive: true });
  await page.setViewportSize(size);
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
};

export { expect };
