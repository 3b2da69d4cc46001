import { serveWorker } from '@agent-forge/tensor';
import { type TrainEvent, type TrainJob, type TrainSummary, runTrainJob } from './job.js';

serveWorker<TrainJob, TrainSummary, TrainEvent>((job, { progress, signal }) => runTrainJob(job, progress, signal));
