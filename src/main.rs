//! The program `jit`.

fn main() -> std::process::ExitCode {
    jit::cli::main()
}
