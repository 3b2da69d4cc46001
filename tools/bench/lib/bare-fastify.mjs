// A route of Fastify with nothing around it: what the gateway's processor time is held against. Forked by the benchmark of the gateway.
import fastify from 'fastify';

const RUN = { id: '01m83vgeqcs4pmhnmv2mr4r1wq', name: 'bench', status: 'running', phases: [{ phase: 'cognate' }] };

const app = fastify();
app.get('/runs/:run', async () => RUN);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
process.send({ type: 'ready', url });
process.once('disconnect', () => process.exit(0));
