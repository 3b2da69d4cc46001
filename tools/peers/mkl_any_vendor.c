/* MKL asks this question before it uses AVX-512, whatever the processor says of itself: on AMD processors PyTorch's matrix
   products therefore run at half their speed. Preloaded, this answers for every vendor, so that the peer is as good as the
   machine. Only for processors that do have AVX-512: setup.mjs looks. */
int mkl_serv_intel_cpu_true(void) { return 1; }
int mkl_serv_intel_cpu(void) { return 1; }
