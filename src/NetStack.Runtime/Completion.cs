namespace NetStack.Runtime;

/// <summary>Something that was completed while a loop's gate was held, to be run when it is free.</summary>
internal interface ICompletion
{
    /// <summary>Whether the program runs within <see cref="Run"/>, so that what it sends is there when that returns.</summary>
    bool IsInline { get; }

    /// <summary>Tells whoever waits. No gate is held; must not throw.</summary>
    void Run();
}
