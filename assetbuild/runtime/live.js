/* Live reload, in development only: takes what 'assetbuild watch' has built into the page that is open.
 *
 * Style sheets and images are swapped in place; whatever else changed reloads the page. A build that fails is shown
 * above the page. No reload repeats: what a page is still not after one reload, it does not reload for again.
 */
(() => {
  "use strict";
  const tag = document.currentScript;
  const once = Symbol.for("assetbuild.live");
  if (!tag || !tag.dataset.port || window[once]) return;
  window[once] = true;

  const { port, token, base } = tag.dataset;
  const baseOrigin = new URL(base || "/", document.baseURI).origin;
  const host = /^(localhost|.+\.localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname) ? location.hostname : "127.0.0.1";
  const server = `http://${host}:${port}`;
  const REFUSALS = 4; // in a row, until the page gives up
  const LONGEST = 10000; // milliseconds between two tries
  const HIDDEN = 60000; // milliseconds after which a hidden page leaves its connection to others: a browser has six
  const IN_PLACE = /\.(css|avif|bmp|gif|ico|jpe?g|png|svg|webp|woff2?|ttf|otf|eot)$/i;
  const NO_MATTER = /\.map$/i; // what it belongs to changes as well
  const ATTRIBUTES = ["src", "srcset", "href", "xlink:href", "poster", "imagesrcset"];

  let release = tag.dataset.release || ""; // the one that the page is of
  let source = null;
  let timer = 0;
  let tries = 0;
  let refusals = 0;

  /* The connection. The browser's own tries would go on asking for the release of the first. */

  const disconnect = () => {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  };

  const connect = () => {
    disconnect();
    if (refusals >= REFUSALS) return;
    source = new EventSource(`${server}/events?token=${encodeURIComponent(token)}&release=${encodeURIComponent(release)}`);
    source.onmessage = (event) => hear(JSON.parse(event.data));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) refusals++; // else it has gone, and may come back
      disconnect();
      if (!document.hidden) timer = setTimeout(connect, Math.min(LONGEST, 1000 * 2 ** tries++));
    };
  };

  const hear = (message) => {
    if (message.type === "hello") {
      tries = 0;
      refusals = 0;
      overlay.hide();
      if (message.release === release) remember(null);
    } else if (message.type === "built") {
      overlay.hide();
      if (!swapAll(new Map(Object.entries(message.names)))) reload(message);
      else release = message.release;
    } else if (message.type === "failed") {
      overlay.show(message.errors);
    } else if (message.type === "reload") {
      reload(message);
    }
  };

  /* Reloading. What was missed while away (it has 'since') reloads once for one release. */

  const KEY = `assetbuild.live ${location.pathname}`;
  const remember = (target) => {
    try {
      const last = sessionStorage.getItem(KEY);
      if (target === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, target);
      return last;
    } catch (error) {
      return target; // no storage: as if it had been done
    }
  };

  const reload = ({ release: target, since }) => {
    // What is heard at once is not noted: while somebody loads the page anew, a browser takes no reload of ours.
    if (since === undefined || remember(target) !== target) location.reload();
  };

  /* Swapping. */

  const swapAll = (names) => {
    for (const [before, after] of names) {
      if (!NO_MATTER.test(before) && (after === null || !IN_PLACE.test(before))) return false;
    }
    if (!names.size) return true;
    const swapped = (text) => text.replace(/[^\s,"'()<>;]+/g, (url) => newUrl(url, names) || url);
    return [...elements(document)].every((element) => swap(element, swapped));
  };

  /* Every element, in open shadow roots and templates too. */
  function* elements(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* elements(element.shadowRoot);
      if (element.localName === "template" && element.content) yield* elements(element.content);
    }
  }

  /* The URL after the build, or null for one that did not change. Query and fragment stay. */
  const newUrl = (text, names) => {
    const path = text.split(/[?#]/)[0];
    if (path.startsWith("data:") || !path.includes(".")) return null;
    try {
      const parts = path.split("/");
      for (let at = 0; at < parts.length; at++) {
        const before = decodeURIComponent(parts.slice(at).join("/"));
        if (!names.has(before)) continue;
        if (new URL(text, document.baseURI).origin !== baseOrigin) return null;
        const after = names.get(before).split("/").map(encodeURIComponent).join("/");
        return [...parts.slice(0, at), after].join("/") + text.slice(path.length);
      }
    } catch (error) {
      /* It was no URL. */
    }
    return null;
  };

  /* Whether the element could be changed in place. */
  const swap = (element, swapped) => {
    const is = (...names) => names.includes(element.localName);
    const changes = (text) => Boolean(text) && swapped(text) !== text;
    if (is("style")) return !changes(element.textContent);
    if (is("object", "embed", "iframe")) return !changes(element.getAttribute(is("object") ? "data" : "src"));
    if (is("link") && hasRel(element, "stylesheet")) {
      const url = failed.get(element) || element.getAttribute("href");
      if (!leaving.has(element) && changes(url)) swapSheet(element, swapped(url));
      return true;
    }
    if (is("link") && /preload|prefetch/i.test(element.rel)) return true; // it has done its work
    if (element.style && changes(element.getAttribute("style"))) {
      element.style.cssText = swapped(element.getAttribute("style")); // a policy may forbid the attribute
    }
    for (const name of ATTRIBUTES) {
      const text = element.getAttribute(name);
      if (changes(text)) element.setAttribute(name, swapped(text));
    }
    return true;
  };

  const hasRel = (link, word) => link.rel.toLowerCase().split(/\s+/).includes(word);
  const replaced = new WeakMap(); // a link -> the one that stays until it has loaded
  const leaving = new WeakSet(); // links that stay until another has loaded
  const failed = new WeakMap(); // a link -> the URL of the one that should have replaced it

  const swapSheet = (link, url) => {
    // What does not load would never be swapped, and of an alternate a copy forgets whether it has been chosen.
    if (!link.isConnected || link.disabled || hasRel(link, "alternate")) {
      link.removeAttribute("integrity");
      link.href = url;
      return;
    }
    const next = link.cloneNode();
    next.nonce = link.nonce; // which a page cannot read from the attribute
    next.removeAttribute("integrity");
    next.href = url;
    replaced.set(next, link);
    leaving.add(link);
    next.onload = () => {
      if (link.sheet && link.sheet.disabled && next.sheet) next.sheet.disabled = true;
      for (let old = link; old; old = replaced.get(old)) old.remove();
      replaced.delete(next);
    };
    next.onerror = () => {
      for (let old = link; old; old = replaced.get(old)) failed.set(old, url);
      leaving.delete(link);
      next.remove();
    };
    link.after(next);
  };

  /* The errors of a failed build. Text only, and no inline style: it works under any policy. */

  const overlay = (() => {
    const style = `
      :host { all: initial !important; position: fixed !important; inset: 0 !important; z-index: 2147483647 !important; }
      main { position: absolute; inset: 0; overflow: auto; color-scheme: light dark; background: #fff; color: #1a1a1a;
        font: 16px/1.5 system-ui, sans-serif; }
      div { max-width: 72rem; margin: 0 auto; padding: 2rem; }
      h1 { font-size: 1.25rem; margin: 0 6rem 1.5rem 0; color: #b00020; }
      button { position: fixed; top: 1.75rem; right: 2rem; font: inherit; padding: .25rem .75rem; cursor: pointer; }
      pre { font: 14px/1.5 ui-monospace, monospace; white-space: pre; overflow-x: auto; margin: 0 0 1rem;
        padding: 1rem; border-left: 4px solid #b00020; background: #f4f1f1; tab-size: 1; }
      @media (prefers-color-scheme: dark) {
        main { background: #141414; color: #eee; }
        h1 { color: #ff8a80; }
        pre { background: #262222; border-color: #ff8a80; }
      }`;
    let shown = null;
    const make = (name, text, attributes) => {
      const element = document.createElement(name);
      element.textContent = text;
      for (const key of Object.keys(attributes || {})) element.setAttribute(key, attributes[key]);
      return element;
    };
    const hide = () => {
      if (shown) shown.remove();
      shown = null;
    };
    const show = (errors) => {
      hide();
      shown = make("assetbuild-overlay", "");
      const root = shown.attachShadow({ mode: "open" });
      if (root.adoptedStyleSheets) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(style);
        root.adoptedStyleSheets = [sheet];
      }
      const box = make("div", "", { role: "alert" });
      box.append(make("h1", errors.length > 1 ? `The build failed with ${errors.length} errors` : "The build failed"));
      for (const error of errors) box.append(make("pre", error.text, { tabindex: "0" }));
      const button = make("button", "Close", { type: "button" });
      button.onclick = hide;
      const all = make("main", "");
      all.append(box, button);
      root.append(all);
      document.documentElement.append(shown);
    };
    window.addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
    return { show, hide };
  })();

  /* A page that cannot connect, sleeps, or comes back. */

  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.blockedURI.split("/", 3).join("/") !== server || refusals >= REFUSALS) return;
    refusals = REFUSALS;
    disconnect();
    console.warn(`assetbuild: for live reload, let connect-src of the Content-Security-Policy name ${server}`);
  });
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", (event) => event.persisted && connect());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !source && document.readyState !== "loading") connect();
    else if (document.hidden && source) timer = setTimeout(disconnect, HIDDEN);
    else clearTimeout(timer);
  });

  // Not before all elements are there that are to be swapped.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", connect);
  else connect();
})();
