"use strict";
// Swagger UI over the document of this site. Nothing is remembered when the page is closed.
const place = document.getElementById("swagger-ui");
window.ui = SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: false,
  persistAuthorization: false,
  validatorUrl: null,
});
