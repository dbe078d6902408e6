declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Options {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    validatorUrl: string | null;
  }

  /** Renders the OpenAPI document at `url` into the element that `dom_id` selects. */
  export default function SwaggerUI(options: Options): void;
}
