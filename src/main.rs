//! The program `jit`.

fn main() -> std::process::ExitCode {
    // What programs ask for again and again comes before everything else.
    jit::cli::hot::answer().unwrap_or_else(jit::cli::main)
}
