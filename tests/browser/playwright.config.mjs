// SPDX-License-Identifier: GPL-3.0-or-later
//
// On the stand-in each suite runs as on Koha 19.06 (Bootstrap 3) and as on newer versions (Bootstrap 5,
// CSRF tokens checked by Koha); where CONNEXION_LIVE is set, once on the Koha that KOHA_CONF names.
import { defineConfig } from "@playwright/test";

const generations = process.env.CONNEXION_LIVE ? ["live"] : ["19.06", "newer"];

export default defineConfig({
  testDir: ".",
  outputDir: "../../build/browser/results",
  timeout: 180_000,
  expect: { timeout: 20_000 },
  // One for each generation: within one, the tests share a gateway, and on a real Koha its database too.
  workers: generations.length,
  fullyParallel: false,
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath: process.env.CONNEXION_CHROMIUM || "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    },
    locale: "en-GB",
    viewport: { width: 1280, height: 900 },
    screenshot: "only-on-failure",
    trace: process.env.CONNEXION_TRACE ? "retain-on-failure" : "off",
  },
  projects: generations.map((generation) => ({ name: generation, use: { generation } })),
});
