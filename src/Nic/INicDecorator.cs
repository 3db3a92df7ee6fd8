namespace NetStack.Nic;

/// <summary>A NIC that stands before another one and passes everything on: a tap, a fault injector.</summary>
/// <remarks>What is for one kind of NIC only, such as an <see cref="IWaitSet"/>, is asked of the innermost one; a decorator must not
/// keep work of its own to which <see cref="INic.TryArm"/> of the inner one is blind, but for <see cref="IPollable.NextDeadline"/>.</remarks>
public interface INicDecorator : INic
{
    /// <summary>The NIC behind it.</summary>
    INic Inner { get; }
}
