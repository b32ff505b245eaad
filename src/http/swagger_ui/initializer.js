// What the page shows, and what it does beside Swagger UI's own: it fills in credentials that this Locum's pages show,
// and calls the control API in the session of the one who looks.
(() => {
  const settings = {settings};
  const CONTROL = "/_emulator/";
  // What somebody typed in is kept by document, because two documents may give one name to different credentials.
  const KEPT = "locum-authorized";

  const told = settings.told
    ? fetch(settings.told, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : {}))
        .catch(() => ({}))
    : Promise.resolve({});
  const filledIn = new Set();

  const readKept = () => {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) || {};
    } catch {
      return {};
    }
  };
  const title = () => window.ui.specSelectors.specJson().getIn(["info", "title"]);

  // Of credentials as they are written in a request, what one scheme wants. A browser's cookies are its own.
  const find = (credentials, scheme) => {
    let start = "Authorization: Bearer ";
    if (scheme.type === "apiKey") {
      if (scheme.in === "cookie" || scheme.name === "Authorization") return undefined;
      start = scheme.in === "query" ? `?${scheme.name}=` : `${scheme.name}: `;
    }
    return credentials.find((line) => line.startsWith(start))?.slice(start.length);
  };

  const fillIn = async () => {
    const { credentials = {} } = await told;
    document.title = `${title()} · Locum`;
    const typed = readKept()[title()] || {};
    const schemes = window.ui.specSelectors.specJson().getIn(["components", "securitySchemes"])?.toJS() || {};
    for (const [name, scheme] of Object.entries(schemes)) {
      const known = find(credentials[title()] || [], scheme);
      if (known) filledIn.add(known);
      const value = typed[name] ?? known;
      if (value) window.ui.preauthorizeApiKey(name, value);
      // Of what is not filled in there is nothing to take away, and Swagger UI writes an error when told to.
      else if (window.ui.authSelectors.authorized().has(name)) window.ui.authActions.logout([name]);
    }
  };

  // Says what is not there of a link into the document, which else shows its beginning, as if that were meant.
  const notice = document.createElement("p");
  notice.role = "alert";
  notice.hidden = true;
  notice.style.cssText =
    "margin: 1rem auto; max-width: 1420px; padding: .75rem 1.25rem; border-left: 4px solid #b45309; " +
    "background: #fff7ed; color: #3b4151; font: 1rem/1.5 sans-serif; overflow-wrap: anywhere";
  document.getElementById("swagger-ui").before(notice);

  const read = (part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  };
  const checkLink = () => {
    // Swagger UI takes an underscore for a blank, as its older versions wrote it.
    const same = (known, part) => known === part || known === part.replaceAll("_", " ");
    const [tag, operation] = location.hash.replace(/^#!?\/?/, "").split("/").filter(Boolean).map(read);
    const tags = Object.entries(window.ui.specSelectors.taggedOperations().toJS());
    const ids = (of) => of.operations.map((it) => it.operation.operationId ?? it.id);
    const found = tags.find(([known]) => same(known, tag ?? ""));
    const isThere = !tag || (found && (!operation || ids(found[1]).some((known) => same(known, operation))));
    notice.hidden = isThere || Boolean(document.getElementById(location.hash.slice(1)));
    if (notice.hidden) return;
    const what = operation ? `no operation ${operation} under ${tag}` : `no section ${tag}`;
    notice.textContent = `This document has ${what}.`;
    const name = (operation ?? tag).toLowerCase();
    for (const [known, of] of tags) {
      const id = ids(of).find((id) => id.toLowerCase() === name);
      if (!id && known.toLowerCase() !== name) continue;
      const link = document.createElement("a");
      link.href = `#/${encodeURIComponent(known)}${id ? `/${encodeURIComponent(id)}` : ""}`;
      link.textContent = id ? `${known}: ${id}` : known;
      // Swagger UI reads the address only when the page begins.
      link.addEventListener("click", () => setTimeout(() => location.reload()));
      notice.append(" Perhaps meant: ", link, ".");
    }
    if (settings.urls.length > 1) notice.append(" Other documents are in the list at the top.");
    scrollTo(0, 0);
  };
  addEventListener("hashchange", checkLink);

  // What was filled in is asked for anew each time, because the next Locum at this address may have another.
  const keepWhatWasTyped = () => ({
    statePlugins: {
      auth: {
        wrapActions: {
          persistAuthorizationIfNeeded: (_, system) => () => {
            const all = Object.entries(system.authSelectors.authorized().toJS());
            const typed = all.filter(([, { value }]) => !filledIn.has(value)).map(([name, { value }]) => [name, value]);
            localStorage.setItem(KEPT, JSON.stringify({ ...readKept(), [title()]: Object.fromEntries(typed) }));
          },
        },
      },
    },
  });

  window.ui = SwaggerUIBundle({
    ...settings,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl, keepWhatWasTyped],
    onComplete: () => {
      fillIn();
      checkLink();
    },
    requestInterceptor: async (request) => {
      const { origin, pathname } = new URL(request.url, location.href);
      const { form } = await told;
      if (form && origin === location.origin && pathname.startsWith(CONTROL)) request.headers["X-Locum-Form"] = form;
      return request;
    },
  });
})();
