import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

// Drawing needs a real canvas and real layout, so the tests run in a real browser.
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export default defineConfig({
  test: {
    include: ["js/tests/**/*.test.js"],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      viewport: { width: 900, height: 700 },
      provider: playwright({ launchOptions: { executablePath, args: args.split(" ") } }),
      instances: [{ browser: "chromium" }],
    },
  },
});
