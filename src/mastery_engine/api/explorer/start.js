"use strict";
// No validator: it is on another host, and would be told the address of this one.
// A token that is typed in is kept until the page is left, and no longer.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#explorer",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
