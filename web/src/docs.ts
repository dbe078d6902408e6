import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // A badge from the internet otherwise; the page loads nothing from elsewhere.
  validatorUrl: null,
});
