"use strict";
// Swagger UI over the document of this site, fetched only when somebody asks for it: it is heavier than all pages of the
// portal together. Nothing is remembered when the page is closed.
const button = document.getElementById("load-docs");

function begin() {
  window.ui = SwaggerUIBundle({
    url: button.dataset.document,
    domNode: document.getElementById("swagger-ui"),
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: false,
    persistAuthorization: false,
    validatorUrl: null,
  });
  button.parentElement.remove();
}

button.addEventListener("click", () => {
  button.disabled = true;
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = button.dataset.sheet;
  // Before the sheet of this page, which has the last word.
  document.head.prepend(style);
  const script = document.createElement("script");
  script.src = button.dataset.script;
  script.addEventListener("load", begin);
  script.addEventListener("error", () => { button.disabled = false; });
  document.head.append(script);
});
