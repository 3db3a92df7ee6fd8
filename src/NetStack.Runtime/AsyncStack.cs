using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace NetStack.Runtime;

/// <summary>The methods that wait for a task, innermost first, as far as the framework's own fields tell.</summary>
internal static class AsyncStack
{
    private const int MaxDepth = 32;

    private static readonly FieldInfo? Continuation = typeof(Task).GetField("m_continuationObject", BindingFlags.Instance | BindingFlags.NonPublic);

    internal static IEnumerable<string> Of(object? waited)
    {
        object? at = waited;
        for (int i = 0; i < MaxDepth && at is not null; i++)
        {
            if (i > 0 && MethodOf(at.GetType()) is { } method) yield return method;
            at = Next(at);
        }
    }

    /// <summary>A method with its type, without what the compiler made of its name.</summary>
    internal static string NameOf(MethodInfo method) => $"{Readable(method.DeclaringType)}.{method.Name}";

    private static object? Next(object waited) => waited switch
    {
        Task task => Continuation?.GetValue(task) switch
        {
            List<object> several => several.Find(s => s is not null),
            object one => one,
            null => null,
        },
        Delegate action => action.Target,
        _ => TargetOf(waited),
    };

    /// <summary>A continuation of the framework's wraps a delegate or a task.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where it was trimmed away the list ends.")]
    private static object? TargetOf(object waited)
    {
        foreach (FieldInfo field in waited.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
        {
            if (typeof(Delegate).IsAssignableFrom(field.FieldType) || typeof(Task).IsAssignableFrom(field.FieldType)) return field.GetValue(waited);
        }
        return null;
    }

    /// <summary>The box of a state machine has it as its last type argument; a state machine is named after its method.</summary>
    private static string? MethodOf(Type box)
    {
        if (!box.IsGenericType || box.GetGenericArguments() is not [.., { } machine] || !typeof(System.Runtime.CompilerServices.IAsyncStateMachine).IsAssignableFrom(machine)) return null;
        string method = machine.Name.TrimStart('<').Split('>')[0]; // "<Method>d__1", of a lambda "<<Method>b__0_0>d"
        return $"{Readable(machine.DeclaringType)}.{(method.Length > 0 ? method : "lambda")}";
    }

    private static string Readable(Type? type)
    {
        while (type is { DeclaringType: { } outer } && type.Name.StartsWith('<')) type = outer;
        return type?.FullName ?? "?";
    }
}
