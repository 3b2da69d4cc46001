export { requestsOfVerbs, routesWithoutVerb, type TableRoute, type VerbRequest } from './routes-of-verbs.js';
