namespace NetStack;

/// <summary>A filter that cannot be read or compiled. The message says what is wrong and where, in one line.</summary>
public sealed class FilterException : FormatException
{
    /// <summary>What is wrong at a column of the expression.</summary>
    /// <param name="column">The column, from 1; 0 where the whole is meant.</param>
    /// <param name="problem">What is wrong, without the column.</param>
    public FilterException(int column, string problem)
        : base(column > 0 ? $"column {column}: {problem}" : problem)
    {
        Column = column;
        Problem = problem;
    }

    /// <summary>What is wrong with the whole.</summary>
    public FilterException(string message)
        : this(0, message)
    {
    }

    /// <summary>What is wrong with the whole, and why.</summary>
    public FilterException(string message, Exception innerException)
        : base(message, innerException) => Problem = message;

    /// <summary>Without a message.</summary>
    public FilterException()
        : this(0, "the filter cannot be read")
    {
    }

    /// <summary>Where in the expression the problem is, in characters from 1; 0 where it is the whole.</summary>
    public int Column { get; }

    /// <summary>What is wrong, without the column.</summary>
    public string Problem { get; }
}
