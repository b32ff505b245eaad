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
    onComplete: fillIn,
    requestInterceptor: async (request) => {
      const { origin, pathname } = new URL(request.url, location.href);
      const { form } = await told;
      if (form && origin === location.origin && pathname.startsWith(CONTROL)) request.headers["X-Locum-Form"] = form;
      return request;
    },
  });
})();
