/** Drives the console in a real browser: what a visitor sees and does, whatever node is behind it. */

import type { BrowserContext, Locator, Page } from "playwright-core";

type PageName = "mesh" | "models" | "chat" | "activity" | "agents";

export interface OpenOptions {
  /** @default {"mesh"} */
  readonly at?: PageName;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "dark" | "light";
}

/** One answer as the page shows it. */
export interface ShownAnswer {
  readonly state: string;
  readonly text: string;
  /** Model, host, rate and times, as shown below the answer. */
  readonly figures: readonly string[];
}

/** The part of axe-core that is used. */
interface Axe {
  run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
}

let axe: Promise<string> | undefined;

function axeSource(): Promise<string> {
  return axe ??= Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));
}

/** The time that a loaded model or a joined machine may take to appear. */
const PATIENCE_MS = 30_000;

export class ConsolePage implements AsyncDisposable {
  readonly page: Page;
  /** The browser's complaints: errors of scripts, of the page's policy, of requests. */
  readonly errors: readonly string[];

  private constructor(page: Page, errors: readonly string[]) {
    this.page = page;
    this.errors = errors;
  }

  /** Opens the page of a node. Other origins can not be reached from it: a try counts as an error. */
  static async open(
    context: BrowserContext,
    url: string,
    { at = "mesh", width = 1440, height = 900, theme = "dark" }: OpenOptions = {},
  ): Promise<ConsolePage> {
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) errors.push(message.text());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== url) errors.push(`Foreign request: ${request.url()}`);
    });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.setViewportSize({ width, height });
    await page.goto(`${url}/#${at}`);
    const console = new ConsolePage(page, errors);
    if (theme === "light") {
      await page.getByRole("button", { name: "Switch to the light theme" }).click();
    }
    return console;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }

  /** Goes to a page by the navigation. */
  async goTo(page: "Mesh" | "Models" | "Chat" | "Activity" | "Agents"): Promise<void> {
    const link = this.page.getByRole("navigation").getByRole("link", { name: page });
    if (await link.getAttribute("aria-current") === null) await link.click();
    // The page is drawn a moment after the click: until then the page before is still the current one.
    await link.and(this.page.locator("[aria-current]")).waitFor();
  }

  async waitForHeadline(text: string): Promise<void> {
    await this.page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
  }

  async waitForLink(link: "live" | "reconnecting"): Promise<void> {
    await this.page.locator(`.link[data-link="${link}"]`).waitFor();
  }

  async waitForModel(name: string, state: string): Promise<void> {
    await this.page.locator(`[data-model="${name}"][data-state="${state}"]`).waitFor();
  }

  /** The card of a machine, by its PeerId. */
  machine(id: string): Locator {
    return this.page.locator(`[data-machine="${id}"]`);
  }

  /** Also of what is not drawn yet: of a card with `content-visibility: auto` innerText is empty until it is in view. */
  async textOf(card: Locator): Promise<string> {
    return await card.textContent() ?? "";
  }

  /** The card of a model. */
  model(name: string): Locator {
    return this.page.locator(`[data-model="${name}"]`);
  }

  /** Types a question and sends it as a visitor does. */
  async ask(question: string): Promise<void> {
    await this.goTo("Chat");
    const box = this.page.getByRole("textbox", { name: "Your question" });
    await box.fill(question);
    // Nothing is sent while no model is warm.
    await this.page.getByRole("button", { name: "Send", disabled: false }).waitFor();
    const turns = this.page.locator(".turn");
    const before = await turns.count();
    await box.press("Enter");
    // Drawn with the next frame: until then the last turn is the one before.
    await turns.nth(before).waitFor();
  }

  async stopAnswer(): Promise<void> {
    await this.page.getByRole("button", { name: "Stop the answer" }).click();
  }

  /** Enters an API key below an answer that failed for want of one, and asks again. */
  async giveKey(key: string): Promise<void> {
    const input = this.page.getByLabel("API key of this node");
    await input.fill(key);
    await input.press("Enter");
  }

  /** Waits until the last answer shows this text, complete or not. */
  async waitForAnswerText(text: string): Promise<void> {
    await this.page.locator(".turn").last().locator(".answer", { hasText: text }).waitFor();
  }

  /** The last answer, once it has ended. */
  async answer(): Promise<ShownAnswer> {
    const turn = this.page.locator(".turn").last();
    await this.page.locator('.turn:last-child[aria-busy="false"]').waitFor();
    return {
      state: await turn.getAttribute("data-state") ?? "",
      text: await turn.locator(".answer").innerText(),
      figures: await turn.locator(".figures > span").allInnerTexts(),
    };
  }

  /** Presses the copy button of a line and returns what the clipboard holds then. */
  async copy(lineId: string): Promise<string> {
    await this.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const line = this.page.locator(`#${lineId}`);
    await line.getByRole("button").click();
    await line.locator('[data-outcome="copied"]').waitFor();
    return await this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** The faults that axe-core finds in the page as it is, serious ones only. A colour on its way to another is none. */
  async seriousProblems(): Promise<string[]> {
    await this.page.evaluate(await axeSource());
    return await this.page.evaluate(async () => {
      const onTheWay = document.getAnimations().filter((one) => one instanceof CSSTransition);
      await Promise.allSettled(onTheWay.map(({ finished }) => finished));
      const { axe } = globalThis as unknown as { axe: Axe };
      const { violations } = await axe.run();
      return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    });
  }

  /** Pictures and charts take the width of the window a moment after it has changed. */
  async fitsSoon(what: string): Promise<void> {
    await this.page.waitForFunction(
      () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
      undefined,
      { timeout: 5_000 },
    ).catch((cause) => {
      throw new Error(`The page scrolls sideways: ${what}`, { cause });
    });
  }

  /** Whether the page, or the chat inside it, is wider than what is seen of it. */
  async scrollsSideways(): Promise<boolean> {
    return await this.page.evaluate(() =>
      [document.documentElement, document.querySelector(".turns")].some((element) =>
        element !== null && element.scrollWidth > element.clientWidth
      )
    );
  }
}
